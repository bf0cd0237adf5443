// JSON syntax errors: their texts and positions, and agreement with JSON.parse.
import fc from 'fast-check';
import t from 'tap';
import { Refusal } from '../../src/refusal.ts';
import { JsonText } from '../../src/wire/json-text.ts';
import { parsePlain } from '../../src/wire/plain-json.ts';

const limits = { MAX_KEYS: 1000, MAX_DEPTH: 20 };

/** The error for a text; undefined if it is valid JSON. */
function fault(text: string): string | undefined {
  const json = new JsonText(Buffer.from(text), limits);
  try {
    json.skip();
    if (json.next() !== undefined) throw json.stopsHere('end of file expected');
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.refused.detail.replace(/^not JSON: line 1, column /, '');
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

t.test('errors and their positions', async (t) => {
  const texts: [text: string, fault: string][] = [
    ['', '1: value expected, at the end of the text'],
    [' {"a" 1}', '7: colon expected, at "1"'],
    ['{"a":1 "b":2}', '8: comma expected, at "\\"b\\""'],
    ['{"a":1', '7: close brace expected, at the end of the text'],
    ['{', '2: close brace expected, at the end of the text'],
    ['{1:2}', '2: property name expected, at "1"'],
    ['{"a":1,}', '8: property name expected, at "}"; JSON has no trailing comma'],
    ['{"a":1,2}', '8: property name expected, at "2"'],
    ['{"a":}', '6: value expected, at "}"'],
    ['[1 2]', '4: comma expected, at "2"'],
    ['[1,]', '4: value expected, at "]"; JSON has no trailing comma'],
    ['[,1]', '2: value expected, at ","'],
    ['[', '2: close bracket expected, at the end of the text'],
    ['[1', '3: close bracket expected, at the end of the text'],
    ['[1}', '3: comma expected, at "}"'],
    ['[1]]', '4: end of file expected, at "]"'],
    ['-', '1: invalid symbol, at "-"'],
    ['1.', '1: unexpected end of number, at "1."; JSON has no numbers that end in a point: write a 0 after it, or leave it out'],
    ['1e+', '1: unexpected end of number, at "1e+"'],
    ['01', '2: end of file expected, at "1"; JSON has no leading zeros'],
    ['+1', '1: invalid symbol, at "+1"; JSON has no plus signs before numbers: leave them out'],
    ['nul', '1: invalid symbol, at "nul"'],
    ['truely', '1: invalid symbol, at "truely"'],
    ['NaN', '1: invalid symbol, at "NaN"; JSON has no NaN: every number must be finite'],
    ['-Infinity', '1: invalid symbol, at "-Infinity"; JSON has no Infinity: every number must be finite'],
    ['None', '1: invalid symbol, at "None"; JSON has no such value: write null, or leave the key out'],
    ['True', '1: invalid symbol, at "True"; JSON has no such value: write true or false'],
    ["'a'", '1: invalid symbol, at "\'a\'"; JSON has no strings in single quotes: write them in double quotes'],
    ['// a', '1: invalid comment token, at "//"; JSON has no comments'],
    ['1 /* a */', '3: invalid comment token, at "/*"; JSON has no comments'],
    ['/', '1: invalid symbol, at "/"'],
    ['"a', '1: unexpected end of string, at "\\"a"'],
    ['"a\\', '1: unexpected end of string, at "\\"a\\\\"'],
    ['"a\\x"', '1: invalid escape character, at "\\"a\\\\x\\""'],
    ['"\\u12g4"', '1: invalid unicode, at "\\"\\\\u12g4\\""'],
    ['"a\nb"', '1: unexpected end of string, at "\\"a"'],
    ['"a\tb"', '1: invalid character, at "\\"a"'],
    ['"é", ,', '4: end of file expected, at ","'],
  ];
  for (const [text, expected] of texts) {
    t.equal(fault(text), expected, text);
    t.notOk(isJson(text), text);
  }
  t.equal(fault('[1,\n 2,\n x]'), 'not JSON: line 3, column 2: invalid symbol, at "x"');
});

t.test('a text is valid exactly if JSON.parse accepts it', async (t) => {
  const piece = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      ' ',
      '\n',
      '0',
      '1',
      '-',
      '.',
      'e',
      'E',
      '+',
      'true',
      'false',
      'null',
      '"a"',
      '"\\u00e9"',
    ],
    ...['é', '\t', '{"a":1}', '[1,2]', '""', '1e5', '-0.5'],
  );
  const wrong: string[] = [];
  const compare = (text: string) => {
    if ((fault(text) === undefined) !== isJson(text)) wrong.push(text);
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => compare(pieces.join(''))),
    { seed: 1, numRuns: 20_000 },
  );
  // Valid texts, with one character changed, removed or added.
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.nat(), piece, fc.nat(2), (text, place, character, how) => {
      compare(text);
      const at = place % (text.length + 1);
      compare(text.slice(0, at) + (how === 0 ? '' : character) + text.slice(how === 1 ? at : at + 1));
    }),
    { seed: 2, numRuns: 10_000 },
  );
  t.strictSame(wrong, []);
});

t.test('without a schema: the value by JSON.parse, and the first duplicate key', async (t) => {
  const parse = (text: string) => parsePlain(Buffer.from(text), limits);
  for (const text of ['{"a":[1,{"b":null}],"__proto__":{"c":2}}', '[]', '"é"', '3', '[{"a":1},{"a":2}]'])
    t.strictSame(parse(text), { value: JSON.parse(text) }, text);
  t.match(parse('{"a":1,"b":[{"c":1,"d":2,"\\u0063":3}],"a":4}'), { twice: '/b/0/c' });
  t.match(parse('{"a":{"x":1},"a/b":1,"a":2}'), { twice: '/a' });
  t.match(parse('[1,{"a/b":1,"a/b":1}]'), { twice: '/1/a~1b' });
  t.throws(() => parse('[1] 2'), { message: /end of file expected/ });
});

t.test('limits of keys, objects and depth; for deep texts, whether brackets close or not', async (t) => {
  const read = (text: string, own: Partial<typeof limits>) => () => new JsonText(Buffer.from(text), { ...limits, ...own }).skip();
  t.doesNotThrow(read('{"a":{"b":1}}', { MAX_KEYS: 4, MAX_DEPTH: 2 }));
  t.throws(read('{"a":{"b":1}}', { MAX_KEYS: 3 }), { message: /more keys and objects than the limit of 3/ });
  t.throws(read('[[1,"]]"]]', { MAX_DEPTH: 1 }), { message: /nest deeper than 1/ });
  t.throws(read('[["\\"', { MAX_DEPTH: 1 }), { message: /and they do not close/ });
});
