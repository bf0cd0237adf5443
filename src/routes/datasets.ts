// PUT, GET and DELETE /datasets/{name}, GET /datasets: data that requests use by its name.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DATASET_NAME } from '../../schemas/batch.ts';
import type { Config } from '../../schemas/config.ts';
import { DatasetArrays, DatasetDescription, DatasetList, NpyReferences, SafetensorsReference } from '../../schemas/dataset.ts';
import { contentEncoding } from '../http/content-encoding.ts';
import { handleLargeAnswers } from '../http/large-answers.ts';
import { jsonResponse, problemResponses } from '../http/responses.ts';
import { Uploads } from '../http/upload.ts';
import { Refusal } from '../refusal.ts';
import type { Catalog, Conditions, Upload } from '../store/catalog.ts';
import { checkConditions, isKnown } from '../store/conditions.ts';
import type { Dataset } from '../store/dataset.ts';
import { uploadTypes } from '../store/formats.ts';

/** The description of a dataset, for the documentation. */
const EXAMPLE: DatasetDescription = {
  name: 'digits',
  samples: 1797,
  features: 64,
  targets: 0,
  dtype: 'F64',
  bytes: 934_632,
  etag: '3d8f1c0a5b7e9d2f4a6c8e0b1d3f5a7c9e1b3d5f7a9c0e2d4f6b8a1c3e5d7f90',
  expires: '2026-12-31T12:00:00.000Z',
};

interface Named {
  Params: { name: string };
}

type NamedRequest = FastifyRequest<Named>;

const NAME = new RegExp(DATASET_NAME);

/** The most characters of a name to quote. */
const SHOWN_CHARACTERS = 80;

/** Adds the routes of datasets in their own Fastify context. */
export async function datasetRoutes(app: FastifyInstance, catalog: Catalog, config: Config): Promise<void> {
  const uploads = new Uploads(config.UPLOAD_IDLE_MS);

  const put = async (request: NamedRequest, reply: FastifyReply): Promise<object> => {
    const { headers, exchange } = request;
    const name = nameOf(request);
    const upload = { mediaType: mediaTypeOf(headers['content-type']), query: queryOf(request.query) };
    contentEncoding(headers);
    checkLength(Number(headers['content-length'] ?? 0), upload.mediaType, config);
    const { dataset, isNew } = await uploads.receive(request, reply, (bytes) =>
      catalog.put(exchange.owner, name, { ...upload, bytes }, conditionsOf(request)),
    );
    if (isNew) reply.code(201).header('location', `/datasets/${name}`);
    return described(dataset, reply);
  };

  const get = async (request: NamedRequest, reply: FastifyReply): Promise<object | undefined> => {
    const name = nameOf(request);
    const dataset = await catalog.get(request.exchange.owner, name);
    if (!dataset) throw unknownDataset(name);
    const { ifMatch, ifNoneMatch } = conditionsOf(request);
    checkConditions(ifMatch === undefined ? {} : { ifMatch }, dataset.etag);
    const description = described(dataset, reply);
    if (!isKnown(ifNoneMatch, dataset.etag)) return description;
    reply.code(304);
    return undefined;
  };

  const remove = async (request: NamedRequest, reply: FastifyReply): Promise<undefined> => {
    const name = nameOf(request);
    if (!(await catalog.remove(request.exchange.owner, name, conditionsOf(request)))) throw unknownDataset(name);
    reply.code(204);
  };

  await app.register(async (scope) => {
    handleLargeAnswers(scope, config.ANSWER_TIMEOUT_MS);
    const named = { params: Type.Object({ name: Type.String({ pattern: DATASET_NAME }) }) };
    scope.put<Named>('/datasets/:name', {
      config: { needsKey: true, isUpload: true },
      schema: {
        operationId: 'putDataset',
        summary: 'Store a dataset under a name',
        description:
          'Arrays, a row per sample, that requests use by `"batch": {"dataset": name}`. A safetensors file with the tensors ' +
          '`inputs`, `targets` or `classes`, `sample_weights`; CSV with a header line, whose columns are inputs but for those ' +
          'that `targets` or `classes` name; JSON with the arrays, or with the URLs of files. What the name meant before is replaced.',
        tags: ['datasets'],
        ...named,
        querystring: Type.Object({
          targets: Type.Optional(Type.String({ description: 'for CSV: the columns of the targets, separated by commas' })),
          classes: Type.Optional(Type.String({ description: 'for CSV: the column of the class indices' })),
        }),
        headers: conditionHeaders('If-Match', 'If-None-Match'),
        body: {
          content: {
            'application/json': {
              schema: Type.Union([DatasetArrays, SafetensorsReference, NpyReferences]),
              examples: {
                arrays: {
                  summary: 'The arrays',
                  value: {
                    inputs: [
                      [1, 2],
                      [3, 4],
                    ],
                    targets: [[1], [-1]],
                  },
                },
              },
            },
            'application/vnd.safetensors': { schema: Type.String({ format: 'binary' }) },
            'text/csv': { schema: Type.String(), examples: { csv: { summary: 'For ?targets=y', value: 'x,y\n1,2\n' } } },
          },
        },
        response: {
          200: jsonResponse(DatasetDescription, 'The dataset has been replaced, or was the same', EXAMPLE),
          201: jsonResponse(DatasetDescription, 'There was no dataset of this name', EXAMPLE),
          ...problemResponses(400, 403, 408, 412, 413, 415, 422, 500, 503, 507),
        },
      },
      ...early(put),
    });
    scope.get('/datasets', {
      config: { needsKey: true },
      schema: {
        operationId: 'listDatasets',
        summary: 'The datasets of this client',
        description: 'All keys of an owner see the same datasets.',
        tags: ['datasets'],
        response: { 200: jsonResponse(DatasetList, 'By their names', { datasets: [EXAMPLE] }), ...problemResponses(500, 503) },
      },
      handler: async ({ exchange }) => ({ datasets: (await catalog.list(exchange.owner)).map(descriptionOf) }),
    });
    scope.get<Named>('/datasets/:name', {
      config: { needsKey: true },
      schema: {
        operationId: 'getDataset',
        summary: 'What a dataset is',
        description: 'Its sizes, and its ETag, which changes with its content.',
        tags: ['datasets'],
        ...named,
        headers: conditionHeaders('If-Match', 'If-None-Match'),
        response: {
          200: jsonResponse(DatasetDescription, 'The dataset', EXAMPLE),
          304: { description: 'The dataset has one of the ETags of If-None-Match', type: 'null' },
          ...problemResponses(400, 404, 412, 500, 503),
        },
      },
      handler: async (request, reply) => reply.send(await get(request, reply)),
    });
    scope.delete<Named>('/datasets/:name', {
      config: { needsKey: true },
      schema: {
        operationId: 'deleteDataset',
        summary: 'Delete a dataset',
        description: 'Requests that read it already still get their answers.',
        tags: ['datasets'],
        ...named,
        headers: conditionHeaders('If-Match'),
        response: {
          204: { description: 'The dataset has been deleted', type: 'null' },
          ...problemResponses(400, 404, 412, 500, 503),
        },
      },
      ...early(remove),
    });
  });
}

/** Answers in onRequest, to skip Fastify's parsing of the body. */
function early(answer: (request: NamedRequest, reply: FastifyReply) => Promise<object | undefined>) {
  const handle = (request: NamedRequest, reply: FastifyReply): void => {
    answer(request, reply).then(
      (document) => reply.send(document),
      (error) => reply.send(error),
    );
  };
  return { onRequest: handle, handler: handle };
}

/** @throws Refusal `invalid-request`. */
function nameOf({ params }: NamedRequest): string {
  const { name } = params;
  if (NAME.test(name)) return name;
  const detail =
    'expected the name of a dataset in the path: 1 to 64 lower-case letters, digits, ".", "_" and "-", of which the first is a letter ' +
    `or a digit, got ${JSON.stringify(name.slice(0, SHOWN_CHARACTERS))}`;
  throw new Refusal('invalid-request', { detail });
}

/** The essence of a Content-Type. @throws Refusal `unsupported-media-type`. */
function mediaTypeOf(given: string | undefined): string {
  const essence = given?.split(';', 1)[0].trim().toLowerCase();
  const known = uploadTypes.find((type) => type === essence);
  if (known) return known;
  throw new Refusal('unsupported-media-type', {
    detail: `expected the Content-Type ${uploadTypes.join(', ')}, got ${given?.slice(0, SHOWN_CHARACTERS) || 'none'}`,
  });
}

/** @throws Refusal `invalid-request`. */
function queryOf(query: unknown): Upload['query'] {
  for (const [key, value] of Object.entries(query as object)) {
    const shown = `?${key.slice(0, SHOWN_CHARACTERS)}`;
    if (key !== 'targets' && key !== 'classes')
      throw new Refusal('invalid-request', {
        detail: `${shown}: unknown parameter: there are ?targets=a,b and ?classes=c, for CSV`,
      });
    if (typeof value !== 'string')
      throw new Refusal('invalid-request', { detail: `${shown}: expected it once, with the names separated by commas` });
  }
  return query as Upload['query'];
}

/** @throws Refusal `body-too-large`, if the body is announced to be. */
function checkLength(bytes: number, mediaType: string, { BODY_LIMIT, DATASET_LIMIT }: Config): void {
  const isWhole = mediaType === 'application/json' && BODY_LIMIT < DATASET_LIMIT;
  const [setting, most] = isWhole ? ['BODY_LIMIT', BODY_LIMIT] : ['DATASET_LIMIT', DATASET_LIMIT];
  if (bytes > most) throw new Refusal('body-too-large', { detail: `expected at most ${most} bytes (${setting})` });
}

function conditionsOf({ headers }: NamedRequest): Conditions {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  return { ...(ifMatch !== undefined && { ifMatch }), ...(ifNoneMatch !== undefined && { ifNoneMatch }) };
}

function unknownDataset(name: string): Refusal {
  return new Refusal('not-found', { detail: `there is no dataset "${name}"` });
}

/** The description of a dataset, to be answered with its ETag. */
function described(dataset: Dataset, reply: FastifyReply): DatasetDescription {
  reply.header('etag', `"${dataset.etag}"`);
  return descriptionOf(dataset);
}

function descriptionOf({ name, columns, bytes, etag, expires }: Dataset): DatasetDescription {
  const { inputs, targets, classes } = columns;
  const [samples, features] = inputs.shape;
  return {
    name,
    samples,
    features,
    ...(targets && { targets: targets.shape[1] }),
    ...(classes && { targets: 0 }),
    dtype: inputs.dtype,
    bytes,
    etag,
    expires: new Date(expires).toISOString(),
  };
}

/** The headers of conditions, for the documentation. */
function conditionHeaders(...names: ('If-Match' | 'If-None-Match')[]) {
  const description = 'ETags in double quotes, separated by commas, or *';
  return Type.Object(Object.fromEntries(names.map((name) => [name, Type.Optional(Type.String({ description }))])));
}
