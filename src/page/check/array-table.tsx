// The pasted arrays: what each is taken for, which can be changed, and how it compares.
import type { JSX } from 'preact';
import type { ArrayCheck } from '../../../schemas/check.ts';
import { text } from '../text/text.ts';
import { short } from '../ui/matrix.ts';
import { Headings } from '../ui/parts.tsx';
import { chosen, comparison, reading } from './comparison.ts';
import type { Placement } from './place.ts';
import { type Slot, slotsOf } from './slots.ts';
import { slotName } from './words.ts';

/** Digits of numbers that differ. */
const DIGITS = 8;

export function ArrayTable(): JSX.Element | null {
  const t = text.value.check;
  const current = reading.value;
  if (!current || 'fault' in current) return null;
  const slots = slotsOf(current.of);
  const checks = comparison.value?.read === current.read ? comparison.value.answer.checks : [];
  return (
    <table class="rows" id="arrays">
      <caption class="unseen">{t.arrays}</caption>
      <thead>
        <Headings names={t.head} />
      </thead>
      <tbody>
        {current.read.placements.map((placement) => (
          <Row
            key={placement.array.label}
            placement={placement}
            slots={slots}
            check={checks.find(({ pointer }) => pointer === placement.slot?.pointer)}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly placement: Placement;
  readonly slots: readonly Slot[];
  readonly check: ArrayCheck | undefined;
}

function Row({ placement: { array, slot, transposed, withBias }, slots, check }: RowProps): JSX.Element {
  const t = text.value.check;
  const name = array.name ?? t.unnamed(array.label);
  const notes = [transposed && (slot?.kind === 'weights' ? t.transposed : t.transposedSamples), withBias && t.withBias];
  return (
    <tr data-array={array.label} data-agrees={check?.agrees} class={check && (check.agrees ? 'right' : 'wrong')}>
      <th scope="row">
        <code>{name}</code> <span class="size">{array.shape.join(' × ')}</span>
      </th>
      <td>
        <select
          aria-label={t.placeOf(name)}
          value={slot?.pointer ?? ''}
          onChange={({ currentTarget }) => (chosen.value = { ...chosen.value, [array.label]: currentTarget.value })}
        >
          <option value="">{t.unused}</option>
          {slots.map((one) => (
            <option key={one.pointer} value={one.pointer}>
              {slotName(one, t)}
            </option>
          ))}
        </select>
        {notes.map(
          (note) =>
            note && (
              <div key={note} class="hint">
                {note}
              </div>
            ),
        )}
      </td>
      <td>{check && <Result of={check} />}</td>
    </tr>
  );
}

function Result({ of }: { of: ArrayCheck }): JSX.Element {
  const t = text.value.check;
  const { agrees, relative_error: error, ratio, worst, shape, row_lengths: lengths, expected_shape: expected } = of;
  if (agrees) return <>{error ? t.rightBy(short(error, 2)) : t.right}</>;
  if (shape && expected)
    return (
      <>
        {lengths
          ? t.raggedRows(lengths.join(', '), expected.join(' × '))
          : t.shape(shape.join(' × ') || '1', expected.join(' × ') || '1')}
      </>
    );
  return (
    <>
      {error == null ? t.wrongAtAll : t.wrong(short(error, 2))}
      {ratio != null && <div>{t.ratio(short(ratio, 6))}</div>}
      {worst && (
        <div class="hint">
          {t.worst(`[${worst.index.map((n) => n + 1).join(', ')}]`, short(worst.candidate, DIGITS), short(worst.right, DIGITS))}
        </div>
      )}
    </>
  );
}
