// A request's schema, compiled for reading JSON and for checking documents from other formats.
import { OptionalKind, type TSchema } from '@sinclair/typebox';
import { flatLists } from '../../schemas/flat-lists.ts';
import { alternativesOf } from '../../schemas/names.ts';
import type { Finding } from '../../schemas/problem.ts';
import type { Scratch } from '../memory/scratch.ts';
import { Findings } from '../refusal.ts';
import { inspectorOf } from './check.ts';
import { compile } from './json-nodes.ts';
import { type DocumentLimits, type DocumentSchema, readDocument } from './json-reader.ts';
import { tooMany } from './json-text.ts';
import { KeyPlaces } from './key-places.ts';
import { Places } from './merge.ts';
import { pointerTo } from './pointer.ts';

/**
 * Checks rules that JSON Schema cannot express. It is called with any document, even an invalid one, which lacks the values that do
 * not fit the schema; `isWrong` tells whether there was such a value at a pointer or below it.
 */
export type Conflicts = (document: unknown, isWrong: (pointer: string) => boolean) => Finding[];

export class RequestSchema {
  /** The paths at which a document may have numbers or arrays of numbers. */
  readonly places: Places;
  readonly #schema: TSchema;
  readonly #compiled: DocumentSchema;
  readonly #inspect: (value: unknown) => Findings;
  readonly #conflicts: Conflicts;

  constructor(schema: TSchema, conflicts: Conflicts) {
    const keys = new KeyPlaces(schema);
    this.places = new Places(schema, keys);
    this.#schema = schema;
    this.#compiled = { root: compile(schema), keys };
    this.#inspect = inspectorOf(schema, keys);
    this.#conflicts = conflicts;
  }

  /**
   * Reads a JSON text in UTF-8.
   * @throws Refusal `malformed-body`, `invalid-request` or `too-complex`.
   */
  read(bytes: Buffer, limits: DocumentLimits, scratch: Scratch): unknown {
    const findings = new Findings();
    const document = readDocument(bytes, this.#compiled, limits, scratch, findings);
    return this.#checked(document, findings);
  }

  /**
   * Checks a document that was not read from JSON.
   * @throws Refusal `invalid-request` or `too-complex`.
   */
  check(document: unknown, { MAX_LAYERS }: DocumentLimits): unknown {
    prepare(this.#schema, document, [], MAX_LAYERS);
    return this.#checked(document, this.#inspect(document));
  }

  #checked(document: unknown, findings: Findings): unknown {
    if (findings.length > 0) for (const { pointer, detail } of flatLists(document)) findings.replace(pointer, detail);
    const conflicts = this.#conflicts(document, (pointer) => findings.concern(pointer));
    for (const { pointer, detail } of conflicts) findings.add(pointer, detail);
    findings.refuse('invalid-request');
    return document;
  }
}

/** Deletes optional keys that are null, which means the same as a missing key; refuses lists with too many objects. */
function prepare(schema: TSchema, value: unknown, path: readonly string[], mostObjects: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (schema.items?.properties && Array.isArray(value)) {
    if (value.length > mostObjects) throw tooMany(`${path.at(-1)}`, pointerTo(path), mostObjects, 'MAX_LAYERS');
    for (const item of value) prepare(schema.items, item, path, mostObjects);
  }
  const { properties = {} } =
    alternativesOf(schema).find((variant) => variant.properties?.type?.const === value['type' as never]) ?? schema;
  for (const [key, property] of Object.entries(properties as Record<string, TSchema>)) {
    if (!Object.hasOwn(value, key)) continue;
    const item = value[key as never];
    if (item === null && OptionalKind in property) delete value[key as never];
    else prepare(property, item, [...path, key], mostObjects);
  }
}
