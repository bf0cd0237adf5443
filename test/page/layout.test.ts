// The positions of units in the drawing.
import t from 'tap';
import { choiceOf, heightFor, isPartOf, keyOf, layOut, nearest } from '../../src/page/network/layout.ts';

const room = { width: 800, height: 400 };

t.test('a small network: all units, within the available space', async (t) => {
  const { columns, spots, edges, gaps, radius } = layOut([2, 3, 1], room);
  t.strictSame(
    columns.map(({ column }) => column),
    [0, 1, 2],
  );
  t.equal(spots.length, 6);
  t.equal(edges.length, 2 * 3 + 3);
  t.strictSame(gaps, []);
  for (const { x, y } of spots) t.ok(x - radius >= 0 && x + radius <= room.width && y - radius > 0 && y + radius < room.height);
  t.ok(edges.every(({ from, to }) => from.column === to.column - 1));
  t.equal(heightFor([2, 3, 1], 800), 64 + 3 * 46);
  t.equal(heightFor([1, 1], 800), 150);
});

t.test('a wide network: the first six units and the last of each layer', async (t) => {
  const { spots, edges, gaps } = layOut([784, 128, 10], room);
  t.strictSame(
    spots.filter(({ column }) => column === 1).map(({ unit }) => unit),
    [0, 1, 2, 3, 4, 5, 127],
  );
  t.match(gaps, [
    { count: 777, of: 'units' },
    { count: 121, of: 'units' },
    { count: 3, of: 'units' },
  ]);
  t.equal(edges.length, 2 * 7 * 7);
  t.equal(heightFor([784, 128, 10], 800), 64 + 8 * 46);
  t.ok(heightFor(new Array(13).fill(8), 320) < 64 + 8 * 23, 'where columns are close, so are units');
});

t.test('a deep network: layers in the middle are left out, and no edge crosses the gap', async (t) => {
  const { columns, edges, gaps } = layOut(new Array(101).fill(2), room);
  t.equal(columns.length, 15);
  t.equal(columns[14].column, 100);
  t.match(gaps, [{ count: 86, of: 'layers' }]);
  t.equal(edges.length, 13 * 4);
  t.ok(columns[14].x - columns[13].x > 1.5 * (columns[13].x - columns[12].x));
});

t.test('the edge at a point', async (t) => {
  const { edges } = layOut([2, 2], room);
  const [edge] = edges;
  const [x, y] = [(edge.from.x + edge.to.x) / 2, (edge.from.y + edge.to.y) / 2];
  t.equal(nearest(edges, x, y + 1, 9), edge);
  t.equal(keyOf(choiceOf(edge)), '1:0:0');
  t.equal(keyOf({ column: 1, unit: 0 }), '1:0');
  t.equal(nearest(edges, x, 2, 9), undefined);
  t.equal(nearest(edges, edge.from.x - 20, edge.from.y, 9), undefined);
});

t.test('what was chosen in another network', async (t) => {
  const part = [
    { column: 0, unit: 1 },
    { column: 2, unit: 0 },
    { column: 1, unit: 2, input: 1 },
  ];
  const none = [
    { column: 0, unit: 2 },
    { column: 3, unit: 0 },
    { column: 1, unit: 2, input: 2 },
    { column: 2, unit: 1, input: 0 },
  ];
  for (const choice of part) t.ok(isPartOf([2, 3, 1], choice), keyOf(choice));
  for (const choice of none) t.notOk(isPartOf([2, 3, 1], choice), keyOf(choice));
});
