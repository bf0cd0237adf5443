// Formulas as trees and in words.
import t from 'tap';
import { activations } from '../../src/page/request/variants.ts';
import { formulaOf } from '../../src/page/steps/quantities.ts';
import { en } from '../../src/page/text/en.ts';
import { type MathNode, parseMath, spoken, written } from '../../src/page/ui/math.ts';

/** A tree in one line: letters as they are, names in <>, scripts after _ and ^. */
function line(nodes: readonly MathNode[]): string {
  return nodes
    .map((node) => {
      if (node.kind === 'fraction') return `(${line(node.over)})/(${line(node.under)})`;
      if (node.kind !== 'letter' && node.kind !== 'name') return node.kind === 'words' ? `"${node.text}"` : node.text;
      const base = node.kind === 'name' ? `<${node.text}>` : node.text;
      return `${base}${node.below === undefined ? '' : `_${node.below}`}${node.above === undefined ? '' : `^${node.above}`}`;
    })
    .join(' ');
}

const cases: [formula: string, tree: string, words: string][] = [
  ['Z_1 = W_1 X_1 + b_1', 'Z_1 = W_1 X_1 + b_1', 'Z 1 = W 1 X 1 + b 1'],
  ['L = cross_entropy(Y_2, T)', 'L = <cross_entropy> ( Y_2 , T )', 'L = cross_entropy ( Y 2 , T )'],
  ['dY_3 = {2}/{4} (Y_3 − T)', 'dY_3 = (2)/(4) ( Y_3 − T )', 'dY 3 = 2 over 4 ( Y 3 − T )'],
  ['{∂L}/{∂Y_3}', '(∂L)/(∂Y_3)', '∂L over ∂Y 3'],
  ['dW_3 = dZ_3 X_3^T', 'dW_3 = dZ_3 X_3^T', 'dW 3 = dZ 3 X 3 transposed'],
  ['dZ_2 = tanh′(Z_2) ∘ dY_2', 'dZ_2 = <tanh′> ( Z_2 ) ∘ dY_2', 'dZ 2 = tanh prime ( Z 2 ) times, element by element, dY 2'],
  ['db_1 = Σ_{samples} dZ_1 + "penalty′"', 'db_1 = Σ_samples dZ_1 + "penalty′"', 'db 1 = Σ samples dZ 1 + penalty′'],
  ['W_2[3,1] · 0.5', 'W_2 [ 3 , 1 ] · 0.5', 'W 2 [ 3 , 1 ] · 0.5'],
  ['x_1^2 + log_softmax(l1)', 'x_1^2 + <log_softmax> ( <l1> )', 'x 1 2 + log_softmax ( l1 )'],
];

for (const [formula, tree, words] of cases) {
  t.test(formula, async (t) => {
    t.equal(line(parseMath(formula)), tree);
    t.equal(spoken(parseMath(formula), en.ui.spoken), words);
    t.equal(written(parseMath(formula)), formula.replace(/[\s{}^"/]|_(?=[\d{])/g, ''));
  });
}

t.test('the formula of an activation; none for one that only a newer service has', async (t) => {
  t.equal(formulaOf(activations, 'relu'), 'max(0, x)');
  t.equal(formulaOf(activations, 'of-tomorrow'), '');
});
