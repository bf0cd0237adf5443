// Keys that stand twice in one object of a JSON text. JSON.parse keeps the last one and drops the others in silence.
import { visit } from 'jsonc-parser';
import { Findings } from '../refusal.ts';
import { pointerTo } from './pointer.ts';

const COLON = ':'.charCodeAt(0);

/**
 * Finds the keys that stand twice, given a JSON text as bytes, the same as a string, and what JSON.parse made of it.
 * Only where the text has more colons than the document has keys is there anything to look for.
 */
export function duplicateKeys(bytes: Buffer, text: string, document: unknown): Findings {
  const findings = new Findings();
  if (countColons(bytes) === countKeys(document)) return findings;
  const open: Set<string>[] = [];
  const visitor = {
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty(
      key: string,
      _offset: number,
      _length: number,
      line: number,
      character: number,
      path: () => (string | number)[],
    ) {
      const keys = open[open.length - 1];
      if (keys.has(key))
        findings.add(pointerTo([...path(), key]), `the key stands twice, again at line ${line + 1}, column ${character + 1}`);
      keys.add(key);
    },
  };
  try {
    visit(text, visitor);
  } catch {
    // The text nests too deep for the visitor, and so for any schema.
  }
  return findings;
}

function countColons(bytes: Buffer): number {
  let colons = 0;
  for (let at = bytes.indexOf(COLON); at >= 0; at = bytes.indexOf(COLON, at + 1)) colons++;
  return colons;
}

/** How many keys all objects of a document have. Not recursive: a document may nest deeper than the stack is. */
function countKeys(document: unknown): number {
  let keys = 0;
  const open = [document];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    const items = Array.isArray(value) ? value : Object.values(value);
    if (items !== value) keys += items.length;
    for (let i = 0; i < items.length; i++) if (typeof items[i] === 'object') open.push(items[i]);
  }
  return keys;
}
