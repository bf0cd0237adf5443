// Puts a file as a dataset of the service.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ImportFault } from '../request/import-fault.ts';
import { text } from '../text/text.ts';
import type { Asked } from './ask.ts';
import { datasetOf } from './npy.ts';
import { alter, refusal } from './owned.ts';

/** How much of a file is read for its line of headers. */
const HEADER_BYTES = 65_536;

const SAFETENSORS = 'application/vnd.safetensors';

/** A name that the service takes, from that of a file. */
const nameFrom = (file: string) =>
  file
    .replace(/\.\w+$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64);

const has = (files: readonly File[], ending: string) => files.length > 0 && files[0].name.toLowerCase().endsWith(ending);

async function bodyOf(files: readonly File[]): Promise<Asked> {
  if (has(files, '.csv')) return { body: files[0], headers: { 'Content-Type': 'text/csv' } };
  if (!has(files, '.npy')) return { body: files[0], headers: { 'Content-Type': SAFETENSORS } };
  const read = files.slice(0, 2).map(async (file) => ({ name: file.name, content: await file.arrayBuffer() }));
  return { body: datasetOf(await Promise.all(read)), headers: { 'Content-Type': SAFETENSORS } };
}

export function UploadForm(): JSX.Element {
  const t = text.value.service;
  const [files, setFiles] = useState<readonly File[]>([]);
  const [name, setName] = useState('');
  const [columns, setColumns] = useState('');
  const [kind, setKind] = useState('targets');
  const isCsv = has(files, '.csv');
  const choose = async (list: FileList | null) => {
    // NumPy's files are named x and y, or inputs and targets: the inputs come first.
    const chosen = [...(list ?? [])].toSorted(
      (a, b) => (/^(x|input)/i.test(b.name) ? 1 : 0) - (/^(x|input)/i.test(a.name) ? 1 : 0),
    );
    setFiles(chosen);
    if (chosen.length > 0) setName(nameFrom(chosen[0].name));
    if (!has(chosen, '.csv')) return;
    const [header] = (await chosen[0].slice(0, HEADER_BYTES).text()).split(/\r?\n/, 1);
    setColumns(header.split(',').at(-1)?.trim() ?? '');
  };
  const put = async (event: Event) => {
    event.preventDefault();
    try {
      const query = isCsv && columns ? `?${kind}=${encodeURIComponent(columns)}` : '';
      await alter('PUT', `datasets/${encodeURIComponent(name)}${query}`, await bodyOf(files));
    } catch (error) {
      if (!(error instanceof ImportFault)) throw error;
      refusal.value = { title: t.fileUnreadable, detail: error.text(text.value.imports) };
    }
  };
  return (
    <form class="actions" id="put-dataset" onSubmit={put}>
      <label class="field">
        <span>{t.file}</span>
        <input
          type="file"
          id="dataset-file"
          multiple
          accept=".csv,.npy,.safetensors"
          title={t.fileHint}
          onChange={({ currentTarget }) => choose(currentTarget.files)}
        />
      </label>
      <label class="field">
        <span>{t.name}</span>
        <input type="text" id="dataset-name" value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
      </label>
      {isCsv && (
        <>
          <label class="field">
            <span>{t.kind}</span>
            <select id="dataset-kind" value={kind} onChange={({ currentTarget }) => setKind(currentTarget.value)}>
              <option value="targets">{t.kinds.targets}</option>
              <option value="classes">{t.kinds.classes}</option>
            </select>
          </label>
          <label class="field">
            <span>{t.columns}</span>
            <input
              type="text"
              id="dataset-columns"
              title={t.columnsHint}
              value={columns}
              onInput={({ currentTarget }) => setColumns(currentTarget.value)}
            />
          </label>
        </>
      )}
      <button type="submit" class="primary" disabled={files.length === 0 || name === ''}>
        {t.put}
      </button>
    </form>
  );
}
