// A small S3 server whose objects are files, so that it can be killed and started again: as much of S3 as the store asks for, on one bucket.
// PORT and FOLDER are environment variables.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const { PORT, FOLDER = '.', HOST = '127.0.0.1' } = process.env;
const [OBJECTS, PARTIAL] = [join(FOLDER, 'objects'), join(FOLDER, 'partial')];
await mkdir(OBJECTS, { recursive: true });
await mkdir(PARTIAL, { recursive: true });

/** A key may have slashes: as a file it has none. */
const fileOf = (key: string) => join(OBJECTS, encodeURIComponent(key));

async function receive(request: IncomingMessage, path: string): Promise<string> {
  const hash = createHash('md5');
  request.on('data', (bytes) => hash.update(bytes));
  await pipeline(request, createWriteStream(path));
  return `"${hash.digest('hex')}"`;
}

const xml = (response: ServerResponse, body: string, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${body}`);

const noKey = (response: ServerResponse) => xml(response, '<Error><Code>NoSuchKey</Code></Error>', 404);

async function get(request: IncomingMessage, response: ServerResponse, key: string): Promise<void> {
  const stats = await stat(fileOf(key)).catch(() => undefined);
  if (!stats) return void (request.method === 'HEAD' ? response.writeHead(404).end() : noKey(response));
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(`${request.headers.range}`) ?? [];
  const [start, end] = from ? [Number(from), Math.min(Number(to), stats.size - 1)] : [0, stats.size - 1];
  if (from && start >= stats.size) return void xml(response, '<Error><Code>InvalidRange</Code></Error>', 416);
  const range = from ? { 'content-range': `bytes ${start}-${end}/${stats.size}` } : {};
  response.writeHead(from ? 206 : 200, { 'content-length': end - start + 1, etag: '"e"', ...range });
  if (request.method === 'HEAD' || stats.size === 0) response.end();
  else await pipeline(createReadStream(fileOf(key), { start, end }), response);
}

async function put(request: IncomingMessage, response: ServerResponse, key: string): Promise<void> {
  const partial = join(PARTIAL, randomUUID());
  const etag = await receive(request, partial);
  await rename(partial, fileOf(key));
  response.writeHead(200, { etag }).end();
}

async function list(response: ServerResponse, query: URLSearchParams): Promise<void> {
  const prefix = query.get('prefix') ?? '';
  const contents: string[] = [];
  for (const name of (await readdir(OBJECTS)).sort()) {
    const key = decodeURIComponent(name);
    const stats = key.startsWith(prefix) ? await stat(join(OBJECTS, name)).catch(() => undefined) : undefined;
    if (stats)
      contents.push(
        `<Contents><Key>${key}</Key><Size>${stats.size}</Size><LastModified>${stats.mtime.toISOString()}</LastModified></Contents>`,
      );
  }
  xml(response, `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`);
}

/** Uploads in parts: each part is a file in the folder of the upload. */
async function upload(request: IncomingMessage, response: ServerResponse, key: string, query: URLSearchParams): Promise<void> {
  const id = query.get('uploadId');
  if (!id) {
    const made = randomUUID();
    await mkdir(join(PARTIAL, made));
    const body = `<Bucket>b</Bucket><Key>${key}</Key><UploadId>${made}</UploadId>`;
    xml(response, `<InitiateMultipartUploadResult>${body}</InitiateMultipartUploadResult>`);
  } else if (request.method === 'PUT') {
    const etag = await receive(request, join(PARTIAL, id, `${query.get('partNumber')}`));
    response.writeHead(200, { etag }).end();
  } else if (request.method === 'DELETE') {
    await rm(join(PARTIAL, id), { recursive: true, force: true });
    response.writeHead(204).end();
  } else {
    request.resume();
    const whole = join(PARTIAL, randomUUID());
    await writeFile(whole, '');
    const numbers = (await readdir(join(PARTIAL, id))).map(Number).sort((a, b) => a - b);
    for (const number of numbers) await appendFile(whole, await readFile(join(PARTIAL, id, `${number}`)));
    await rename(whole, fileOf(key));
    await rm(join(PARTIAL, id), { recursive: true });
    xml(response, `<CompleteMultipartUploadResult><Key>${key}</Key><ETag>"e"</ETag></CompleteMultipartUploadResult>`);
  }
}

createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(`${request.url}`, 'http://localhost');
  const key = decodeURIComponent(pathname.split('/').slice(2).join('/'));
  try {
    if (searchParams.has('list-type')) await list(response, searchParams);
    else if (searchParams.has('uploads') && request.method === 'GET')
      xml(response, '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>');
    else if (searchParams.has('uploads') || searchParams.has('uploadId')) await upload(request, response, key, searchParams);
    else if (request.method === 'PUT') await put(request, response, key);
    else if (request.method === 'DELETE') {
      await rm(fileOf(key), { force: true });
      response.writeHead(204).end();
    } else await get(request, response, key);
  } catch (error) {
    console.log(error);
    response.destroy();
  }
}).listen(Number(PORT), HOST, () => console.log('ready'));
