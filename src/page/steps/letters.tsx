// What the letters of the formulas stand for.
import type { JSX } from 'preact';
import { text } from '../text/text.ts';
import { Formula } from '../ui/math.tsx';
import { Headings } from '../ui/parts.tsx';

const rows = [
  { letters: ['X'], key: 'X', api: 'trace[k].inputs' },
  { letters: ['W', 'b'], key: 'W', api: 'network.layers[k]' },
  { letters: ['Z'], key: 'Z', api: 'trace[k].pre_activations' },
  { letters: ['Y'], key: 'Y', api: 'trace[k].outputs' },
  { letters: ['T', 'L'], key: 'T', api: 'batch.targets, loss' },
  { letters: ['dY'], key: 'dY', api: 'trace[k].output_gradients, .pre_activation_gradients, .input_gradients' },
  { letters: ['dW', 'db'], key: 'dW', api: 'gradients[k]' },
] as const;

export function Letters(): JSX.Element {
  const t = text.value.steps.letters;
  return (
    <details class="letters">
      <summary>{t.title}</summary>
      <div>
        <table>
          <thead>
            <Headings names={t.head} />
          </thead>
          <tbody>
            {rows.map(({ letters, key, api }) => (
              <tr key={key}>
                <td>
                  {letters.map((letter, i) => (
                    <span key={letter}>
                      {i > 0 && ', '}
                      <Formula of={letter} />
                    </span>
                  ))}
                </td>
                <td>{t[key]}</td>
                <td>
                  <code>{api}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <p>{t.note}</p>
      </div>
    </details>
  );
}
