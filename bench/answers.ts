// Gets an answer from a server, and checks that the answers of two servers agree.
import { decodeSafetensors } from '../test/support/safetensors-file.ts';
import { type Format, mediaTypes } from '../test/support/workloads.ts';

/** The parts of an answer that every contender gives. */
export interface Answer {
  /** The loss and every gradient, by tensor name. */
  readonly arrays: ReadonlyMap<string, Float64Array>;
  /** The length of the body. */
  readonly bytes: number;
}

/** The largest difference between numbers, relative to the largest number in their array. */
const TOLERANCE = 1e-9;

/** Posts a request, and reads the loss and every gradient from the answer. */
export async function getAnswer(url: string, format: Format, body: Buffer): Promise<Answer> {
  const type = mediaTypes[format];
  const headers = { 'content-type': type, accept: type };
  const response = await fetch(url, { method: 'POST', headers, body: Uint8Array.from(body) });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`expected an answer in ${type}, got ${response.status}: ${bytes.toString('utf8', 0, 300)}`);
  const arrays =
    format === 'json'
      ? ofJson(JSON.parse(bytes.toString()))
      : decodeSafetensors(bytes).map(({ name, numbers }) => [name, Float64Array.from(numbers)] as const);
  const given = [...arrays].filter(([name]) => name === 'loss' || name.startsWith('gradients.'));
  return { arrays: new Map(given), bytes: bytes.length };
}

function ofJson({
  loss,
  gradients,
}: {
  loss: number;
  gradients: Record<string, number[] | number[][]>[];
}): Map<string, Float64Array> {
  const arrays = gradients.flatMap((layer, k) =>
    Object.entries(layer).map(([key, numbers]): [string, Float64Array] => [
      `gradients.${k}.${key}`,
      Float64Array.from((numbers as number[]).flat()),
    ]),
  );
  return new Map([['loss', Float64Array.of(loss)], ...arrays]);
}

/** @throws Error if the answers have different arrays, or if numbers differ by more than rounding explains. */
export function checkAgreement(label: string, { arrays }: Answer, expected: Answer): void {
  if (arrays.size !== expected.arrays.size)
    throw new Error(`${label}: expected ${expected.arrays.size} arrays, got ${arrays.size}`);
  for (const [name, numbers] of expected.arrays) {
    const got = arrays.get(name);
    if (got?.length !== numbers.length)
      throw new Error(`${label}: expected ${numbers.length} numbers in ${name}, got ${got?.length}`);
    const largest = numbers.reduce((max, number) => Math.max(max, Math.abs(number)), 0);
    const at = numbers.findIndex((number, i) => !(Math.abs(number - (got[i] as number)) <= TOLERANCE * largest));
    if (at >= 0) throw new Error(`${label}: expected ${numbers[at]} for ${name}[${at}], got ${got[at]}`);
  }
}
