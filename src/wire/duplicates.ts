// Keys that stand twice in one object of a JSON text. JSON.parse keeps the last one and drops the others in silence.
import { visit } from 'jsonc-parser';
import { asTensor } from '../../schemas/numbers.ts';
import { Findings } from '../refusal.ts';
import { pointerTo } from './pointer.ts';

/**
 * Finds the keys that stand twice, given a JSON text and what JSON.parse made of it.
 * Only where the text has more colons than the document has keys is there anything to look for.
 */
export function duplicateKeys(text: string, document: unknown): Findings {
  const findings = new Findings();
  if (countColons(text) === countKeys(document)) return findings;
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
  visit(text, visitor);
  return findings;
}

function countColons(text: string): number {
  let colons = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) colons++;
  return colons;
}

/** How many keys all objects of a document have. Not recursive: a list may have millions of items. */
function countKeys(document: unknown): number {
  let keys = 0;
  const open = [document];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (asTensor(value)) continue;
    // A list of numbers is not looked through: if it has objects all the same, the keys are too few, and the text is looked at.
    if (Array.isArray(value) && typeof value[0] === 'number') continue;
    const items = Array.isArray(value) ? value : Object.values(value);
    if (items !== value) keys += items.length;
    for (let i = 0; i < items.length; i++) if (typeof items[i] === 'object') open.push(items[i]);
  }
  return keys;
}
