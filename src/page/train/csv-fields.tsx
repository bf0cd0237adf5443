// A CSV file as the data, and which of its columns are to be learned.
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { isRequest, sizesOf } from '../request/edit.ts';
import { request } from '../state.ts';
import { text } from '../text/text.ts';
import { lastingSignal } from '../ui/lasting.ts';
import { CsvFault, columnsOf, dataOf, namesClasses, readTable, type Table } from './csv.ts';
import { type CsvChoice, type Origin, origin } from './origins.ts';
import { learn } from './run.ts';

/** The file that was opened last. */
const opened = lastingSignal<{ readonly name: string; readonly table: Table } | undefined>('train.csv', undefined);

/** What could not be taken, while the request is the same: a file, or columns of the one that is open. */
const refused = signal<{ readonly request: unknown; readonly fault: CsvFault; readonly choice?: CsvChoice } | undefined>(
  undefined,
);

/** The hidden layers that learn a file. */
const HIDDEN = [8];

/** The choice of columns, if it is of the open file. */
const ofOpened = (from: Origin | undefined) => (from && 'file' in from && from.file === opened.value?.name ? from : undefined);

async function open(file: File | undefined): Promise<void> {
  if (!file) return;
  try {
    const table = readTable(await file.text());
    opened.value = { name: file.name, table };
    takeColumns(table.columns[table.columns.length - 1]);
  } catch (error) {
    refuse(error);
  }
}

/** Learns columns of the open file. Without a kind, it is the one that suits them. */
function takeColumns(columns: string, kind?: CsvChoice['kind']): void {
  const { name, table } = opened.peek() as NonNullable<typeof opened.value>;
  const current = request.peek();
  // Hidden layers stay when only other columns are chosen.
  const hidden = isRequest(current) && ofOpened(origin.peek()) ? sizesOf(current).units.slice(0, -1) : HIDDEN;
  let choice: CsvChoice = { file: name, columns, kind: kind ?? 'targets' };
  try {
    const places = columnsOf(table, columns);
    const classes = kind ? kind === 'classes' : places.length === 1 && namesClasses(table, places[0]);
    choice = { ...choice, kind: classes ? 'classes' : 'targets' };
    learn(dataOf(table, places, classes), hidden, 'file', choice);
  } catch (error) {
    refuse(error, choice);
  }
}

function refuse(fault: unknown, choice?: CsvChoice): void {
  if (!(fault instanceof CsvFault)) throw fault;
  refused.value = { request: request.peek(), fault, ...(choice && { choice }) };
}

export function CsvFields(): JSX.Element {
  const t = text.value.train;
  const refusal = refused.value?.request === request.value ? refused.value : undefined;
  const choice = ofOpened(refusal?.choice ?? origin.value);
  return (
    <>
      <label class="button" title={t.csvHint}>
        {t.csv}
        <input
          type="file"
          id="csv"
          accept=".csv,.tsv,text/csv"
          class="unseen"
          onChange={async ({ currentTarget }) => {
            await open(currentTarget.files?.[0]);
            currentTarget.value = '';
          }}
        />
      </label>
      {choice && opened.value && <Columns choice={choice} table={opened.value.table} />}
      {refusal && (
        <p class="error" role="alert">
          {refusal.fault.text(t)}
        </p>
      )}
    </>
  );
}

function Columns({ choice: { file, columns, kind }, table }: { choice: CsvChoice; table: Table }): JSX.Element {
  const t = text.value.train;
  const { kinds } = text.value.service;
  return (
    <div class="actions" id="csv-choice">
      {t.csvOpened(file, table.rows.length)}
      <label class="inline" title={t.csvColumnsHint}>
        {t.csvColumns}
        <input
          type="text"
          id="csv-columns"
          list="csv-names"
          value={columns}
          onChange={({ currentTarget }) => takeColumns(currentTarget.value)}
        />
      </label>
      <datalist id="csv-names">
        {table.columns.map((name, j) => (
          <option key={j} value={name} />
        ))}
      </datalist>
      <label class="inline">
        {t.csvKind}
        <select
          id="csv-kind"
          value={kind}
          onChange={({ currentTarget }) => takeColumns(columns, currentTarget.value as CsvChoice['kind'])}
        >
          <option value="targets">{kinds.targets}</option>
          <option value="classes">{kinds.classes}</option>
        </select>
      </label>
    </div>
  );
}
