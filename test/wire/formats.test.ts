// Bodies in another format than their Content-Type says: each error names the format, and the header to send.
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import t from 'tap';
import { contentEncodings } from '../../src/http/content-encoding.ts';
import { recognizedEncodings } from '../../src/wire/formats.ts';
import { post, startApp, validRequest } from '../support/app.ts';
import { file, fileOf, SAFETENSORS } from '../support/safetensors-file.ts';

const JSON_TYPE = 'application/json';
const json = JSON.stringify(validRequest());
const even = json.padEnd(json.length + (json.length % 2));
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const utf32 = (text: string) => Buffer.from(Uint32Array.from(text, (character) => character.codePointAt(0) as number).buffer);

const AS_NUMBERS = 'send its numbers as JSON, or as safetensors with Content-Type: application/vnd.safetensors';
const COMPRESS = 'compress it with gzip, br or zstd, and name that in Content-Encoding, or not at all';
const ONE_DOCUMENT = 'send one JSON document';

/** Formats that are neither JSON nor safetensors. */
const foreign: Record<string, [body: Buffer | string, format: string, advice: string]> = {
  gzip: [gzipSync(json), 'compressed with gzip', 'send Content-Encoding: gzip with it'],
  zstd: [zstdCompressSync(json), 'compressed with zstd', 'send Content-Encoding: zstd with it'],
  zlib: [deflateSync(json), 'compressed with zlib (deflate)', COMPRESS],
  bzip2: [latin1('BZh91AY&SY\x94\0'), 'compressed with bzip2', COMPRESS],
  npz: [latin1('PK\x03\x04\x14\0\0\0\0\0'), 'a zip archive, as .npz or .pt files are', AS_NUMBERS],
  npy: [latin1('\x93NUMPY\x01\0v\0{"descr"'), 'a NumPy array (.npy)', AS_NUMBERS],
  HDF5: [latin1('\x89HDF\r\n\x1a\n\0\0'), 'an HDF5 file', AS_NUMBERS],
  pickle: [latin1('\x80\x04\x95\x1e\0\0\0\0\0\0\0}\x94'), 'a pickle of Python', AS_NUMBERS],
  MATLAB: [latin1('MATLAB 5.0 MAT-file, Platform'), 'a MATLAB file', AS_NUMBERS],
  'UTF-16': [Buffer.from(json, 'utf16le'), 'text in UTF-16', 'encode it in UTF-8'],
  'UTF-16 with a byte order mark': [Buffer.from(`\u{feff}${json}`, 'utf16le'), 'text in UTF-16', 'encode it in UTF-8'],
  'UTF-16, big-endian': [Buffer.from(even, 'utf16le').swap16(), 'text in UTF-16', 'encode it in UTF-8'],
  'UTF-32': [utf32(json), 'text in UTF-32', 'encode it in UTF-8'],
  MessagePack: [latin1('\x82\xa7network\x81\xa6layers'), 'MessagePack', ONE_DOCUMENT],
  CBOR: [latin1('\xa2gnetwork\xa1flayers'), 'CBOR', ONE_DOCUMENT],
  HTML: ['<!DOCTYPE html>\n<html>', 'HTML', ONE_DOCUMENT],
  XML: ['  <?xml version="1.0"?>', 'XML', ONE_DOCUMENT],
  'a form': ['network=1&batch=2', 'a form (application/x-www-form-urlencoded)', `${ONE_DOCUMENT} as the body`],
  'an encoded document': [encodeURIComponent(json), 'a form (application/x-www-form-urlencoded)', `${ONE_DOCUMENT} as the body`],
  multipart: [
    '--abc\r\nContent-Disposition: form-data; name="x"\r\n\r\n',
    'a form (multipart/form-data)',
    `${ONE_DOCUMENT} as the body`,
  ],
  Base64: [Buffer.from(json).toString('base64'), 'in Base64', 'send the JSON document itself'],
  'the name of a file': ['@request.json', 'the name of a file', 'send the file, with curl by --data-binary @FILE'],
  YAML: ['network:\n  layers:\n', 'YAML', ONE_DOCUMENT],
  CSV: ['x,y,z\n1,2,3\n', 'CSV', 'send its rows as lists of numbers, in JSON'],
};

t.test('formats that are recognized by their first bytes', async (t) => {
  const app = await startApp();
  for (const [name, [body, format, advice]] of Object.entries(foreign))
    for (const [type, expected] of [
      [JSON_TYPE, 'JSON'],
      [SAFETENSORS, 'safetensors'],
    ]) {
      const problem = (await post(app, body, { 'content-type': type })).json();
      t.equal(problem.type, '/problems/malformed-body', name);
      t.equal(problem.detail, `the body is ${format}, not ${expected}: ${advice}`, `${name} as ${expected}`);
    }
});

t.test('JSON and safetensors, each sent as the other', async (t) => {
  const app = await startApp();
  const detailOf = async (body: Buffer | string, type: string) => (await post(app, body, { 'content-type': type })).json().detail;
  const isJson = 'the body is JSON, not safetensors: send Content-Type: application/json';
  for (const body of [json, `\u{feff}${json}`, ` \n${json}`, '{}', '[1', '{"a": 1, "weights": "é"}'])
    t.equal(await detailOf(body, SAFETENSORS), isJson, body.slice(0, 10));
  const isSafetensors = 'the body is safetensors, not JSON: send Content-Type: application/vnd.safetensors';
  t.equal(await detailOf(fileOf(validRequest()), JSON_TYPE), isSafetensors);
  t.equal(await detailOf(fileOf(validRequest()).subarray(0, 100), JSON_TYPE), isSafetensors, 'cut off');
  t.match(await detailOf(fileOf(validRequest()).subarray(0, 100), SAFETENSORS), 'the header is cut off');
  t.match(await detailOf('hello', SAFETENSORS), 'expected 8 bytes with the length of the header, got 5');
  t.match(await detailOf(json.slice(0, -1), JSON_TYPE), 'not JSON: line 1');
});

t.test('text that is not UTF-8, and unknown formats', async (t) => {
  const app = await startApp();
  const detailOf = async (body: Buffer) => (await post(app, body)).json().detail;
  t.equal(
    await detailOf(latin1('{"é":\n "caf\xe9"}')),
    'the body is not UTF-8: byte 0xe9 at line 1, column 3; encode it in UTF-8, or name its compression in Content-Encoding',
  );
  t.match(await detailOf(brotliCompressSync(json)), 'the body is not UTF-8: byte 0x');
  t.match(await detailOf(latin1('hello')), 'not JSON: line 1, column 1: invalid symbol, at "hello"');
  t.match(await detailOf(latin1('\x01\x02')), 'not JSON: line 1, column 1: invalid symbol');
});

t.test('the encodings that errors name are supported', async (t) => {
  for (const encoding of recognizedEncodings) t.ok(contentEncodings.includes(encoding), encoding);
  for (const encoding of contentEncodings) t.match(COMPRESS, encoding);
});

t.test('the document in the metadata of safetensors: a syntax error has a pointer into it', async (t) => {
  const app = await startApp();
  const body = file({ __metadata__: { request: '{"loss": {"type": "huber", "delta": NaN}}' } }, Buffer.alloc(0));
  t.match((await post(app, body, { 'content-type': SAFETENSORS })).json(), {
    detail: '"request" in __metadata__ is not JSON: line 1, column 37: invalid symbol, at "NaN"',
    errors: [{ pointer: '/loss/delta', detail: 'JSON has no NaN: every number must be finite' }],
  });
  const header = (await post(app, file('{"a": NaN}', Buffer.alloc(0)), { 'content-type': SAFETENSORS })).json();
  t.match(header, { detail: 'the header is not JSON: line 1, column 7: invalid symbol, at "NaN"' });
  t.notOk('errors' in header);
});
