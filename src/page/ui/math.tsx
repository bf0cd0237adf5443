// Formulas in MathML.
import { Fragment, type JSX } from 'preact';
import { text } from '../text/text.ts';
import { type MathNode, parseMath, type Scripted, spoken, written } from './math.ts';

/** Preact leaves out attributes that are false; of MathML's, this one says something by that. */
const FIXED = { stretchy: 'false' } as object;

/** What stands beside each other; letters that are multiplied with a little space between them. */
function row(nodes: readonly MathNode[]): JSX.Element {
  const isFactor = (node: MathNode | undefined) => node !== undefined && node.kind !== 'sign';
  return (
    <mrow>
      {nodes.map((node, i) => (
        <Fragment key={`${i + 1}`}>
          {isFactor(node) && isFactor(nodes[i - 1]) && <mspace width="0.2em" />}
          {nodeView(node)}
        </Fragment>
      ))}
    </mrow>
  );
}

function nodeView(node: MathNode): JSX.Element {
  switch (node.kind) {
    case 'fraction':
      return (
        <mfrac>
          {row(node.over)}
          {row(node.under)}
        </mfrac>
      );
    case 'number':
      return <mn>{node.text}</mn>;
    case 'sign':
      return <mo {...FIXED}>{node.text}</mo>;
    case 'words':
      return <mtext>{node.text}</mtext>;
    default:
      return scripted(node);
  }
}

function scripted({ kind, text, below, above }: Scripted): JSX.Element {
  const letters = (
    <mi mathvariant="normal" class={kind}>
      {text}
    </mi>
  );
  const base = text === 'Σ' ? <mo>{text}</mo> : letters;
  const under = <mtext>{below}</mtext>;
  const over = <mtext>{above}</mtext>;
  if (below !== undefined && above !== undefined) {
    return (
      <msubsup>
        {base}
        {under}
        {over}
      </msubsup>
    );
  }
  if (below !== undefined) {
    return (
      <msub>
        {base}
        {under}
      </msub>
    );
  }
  if (above === undefined) return base;
  return (
    <msup>
      {base}
      {over}
    </msup>
  );
}

/** A formula in a line of text; `large` as one that stands by itself. */
export function Formula({ of, large = false }: { of: string; large?: boolean }): JSX.Element {
  return (
    <math displaystyle={large || undefined} data-formula={of}>
      {row(parseMath(of))}
    </math>
  );
}

/** A formula as it is read out. */
export function say(formula: string): string {
  return spoken(parseMath(formula), text.value.ui.spoken);
}

/** A formula without its layout: the label of a button, which must have what is seen. */
export function label(formula: string): string {
  return written(parseMath(formula));
}
