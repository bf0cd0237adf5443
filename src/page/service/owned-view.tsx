// The datasets and jobs of the service: what there is, and what can be done with it.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { apiKey } from '../state.ts';
import { text, timeText } from '../text/text.ts';
import { LinkButton, Value } from '../ui/parts.tsx';
import { alter, datasets, jobs, list, refusal } from './owned.ts';
import { UploadForm } from './upload-form.tsx';

/** How often jobs that have not ended are looked at, in milliseconds. */
const INTERVAL = 2000;

export function Owned(): JSX.Element {
  const t = text.value.service;
  const isBusy = jobs.value.some(({ state }) => state === 'queued' || state === 'running');
  useEffect(() => {
    list();
  }, [apiKey.value]);
  useEffect(() => {
    if (!isBusy) return;
    const timer = setInterval(list, INTERVAL);
    return () => clearInterval(timer);
  }, [isBusy]);
  return (
    <>
      {refusal.value && <Refused />}
      <h2>{t.datasets}</h2>
      <UploadForm />
      <Datasets />
      <h2>{t.jobs}</h2>
      <Jobs />
      <div class="actions">
        <button type="button" id="list-again" onClick={list}>
          {t.refresh}
        </button>
      </div>
    </>
  );
}

function Refused(): JSX.Element | null {
  if (!refusal.value) return null;
  const { title, detail, status } = refusal.value;
  return (
    <div role="alert" id="service-problem">
      <p class="error">
        {title}. {detail}
      </p>
      {status === 401 && (
        <label class="field">
          <span>{text.value.request.key}</span>
          <input
            type="password"
            id="service-key"
            autocomplete="off"
            onChange={({ currentTarget }) => (apiKey.value = currentTarget.value.trim())}
          />
        </label>
      )}
    </div>
  );
}

function Datasets(): JSX.Element {
  const t = text.value.service;
  if (datasets.value.length === 0) return <p class="hint">{t.noDatasets}</p>;
  return (
    <ul id="datasets">
      {datasets.value.map(({ name, samples, features, targets, bytes, expires }) => (
        <li key={name} data-name={name}>
          <strong>{name}</strong> {t.dataset(samples, features, targets)}, <Value of={bytes} /> {t.bytes},{' '}
          {t.until(timeText(expires))}{' '}
          <LinkButton aria-label={t.deleteDataset(name)} onClick={() => alter('DELETE', `datasets/${name}`)}>
            {t.delete}
          </LinkButton>
        </li>
      ))}
    </ul>
  );
}

function Jobs(): JSX.Element {
  const t = text.value.service;
  if (jobs.value.length === 0) return <p class="hint">{t.noJobs}</p>;
  return (
    <ul id="jobs">
      {jobs.value.map(({ id, operation, state, parts, created, problem }) => (
        <li key={id} data-state={state}>
          <strong>{operation}</strong> {t.states[state]}, {t.parts(parts.completed, parts.total)}, {timeText(created)}{' '}
          {problem && <span class="error">{problem.detail}</span>}{' '}
          <LinkButton aria-label={t.deleteJob(operation, id)} onClick={() => alter('DELETE', `jobs/${id}`)}>
            {state === 'queued' || state === 'running' ? t.cancel : t.delete}
          </LinkButton>
        </li>
      ))}
    </ul>
  );
}
