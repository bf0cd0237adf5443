// Formulas in a line: Z_1 = X_1 W_1^T + b_1, with letters in italics and what follows _ and ^ below and above.
import { el } from './dom.ts';

const TOKEN = /([A-Za-zθΣ∂ℓ]+)(′?)(?:_([\w,]+))?(?:\^(\(?\w+\)?))?|\s+|./gu;

/** Names that stand for a number or a matrix, and so are in italics; others, as tanh, are not. */
const VARIABLE = /^(∂?d?[A-Za-zℓ]|∂[A-Z])$/;

/** The nodes of a formula. */
export function formula(text: string): Node[] {
  return [...text.matchAll(TOKEN)].flatMap(([whole, name, prime, below, above]): Node[] => {
    if (!name) return [document.createTextNode(whole === '-' ? '−' : whole)];
    const nodes: Node[] = [VARIABLE.test(name) ? el('var', {}, name) : el('span', { class: 'name' }, name)];
    if (prime) nodes.push(el('span', { class: 'prime' }, prime));
    if (below) nodes.push(el('sub', {}, below));
    if (above) nodes.push(el('sup', {}, above));
    return nodes;
  });
}

/** A formula as it is read out. */
export function spoken(text: string): string {
  return text
    .replaceAll('^T', ' transposed')
    .replace(/\^\((\d+)\)/g, ' of sample $1')
    .replaceAll('_', ' ')
    .replaceAll('∘', 'times, element by element,')
    .replaceAll('′', ' prime');
}
