// A picture as a PNG with a palette: a third of the size of one with all colours.
import { crc32, deflateSync } from 'node:zlib';

/** RGBA pixels, by rows. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The largest palette of a PNG. */
const COLOURS = 256;

export function palettePng({ width, height, data }: Pixels): Buffer {
  const colours = new Uint32Array(width * height).map((_, i) => (data[4 * i] << 16) | (data[4 * i + 1] << 8) | data[4 * i + 2]);
  const counts = new Map<number, number>();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const { palette, places } = reduced(counts);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  // Each row begins with its filter: none.
  const rows = Buffer.alloc((width + 1) * height);
  colours.forEach((colour, i) => {
    rows[i + 1 + Math.floor(i / width)] = places.get(colour) as number;
  });
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(channels))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const channels = (colour: number) => [colour >> 16, (colour >> 8) & 255, colour & 255];

/** A palette for colours of which there are `counts` pixels, and the place of the colour in it that each is most like. */
function reduced(counts: ReadonlyMap<number, number>): { palette: number[]; places: Map<number, number> } {
  const colours = [...counts].map(([colour, count]) => ({ colour, count, place: 0, distance: Number.MAX_VALUE }));
  const palette: number[] = [];
  while (palette.length < Math.min(COLOURS, colours.length)) {
    // The one that the palette so far distorts most, in all of its pixels.
    const next = colours.reduce((worst, one) => (one.count * one.distance > worst.count * worst.distance ? one : worst));
    for (const one of colours) {
      const distance = distanceOf(one.colour, next.colour);
      if (distance < one.distance) Object.assign(one, { distance, place: palette.length });
    }
    palette.push(next.colour);
  }
  return { palette, places: new Map(colours.map(({ colour, place }) => [colour, place])) };
}

function distanceOf(one: number, other: number): number {
  const channel = (shift: number) => ((one >> shift) & 255) - ((other >> shift) & 255);
  return channel(16) ** 2 + channel(8) ** 2 + channel(0) ** 2;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
