// What is wrong with the request, or with sending it.
import type { JSX } from 'preact';
import { apiKey, notice, problem } from '../state.ts';
import { text } from '../text/text.ts';
import { LinkButton } from '../ui/parts.tsx';
import { goTo } from './reveal.ts';
import { compute, retryIn, stopRetrying } from './sending.ts';

export function ProblemView(): JSX.Element {
  return (
    <div id="messages">
      {notice.value && (
        <div id="notice" role="status">
          <p>{notice.value(text.value)}</p>
          <LinkButton onClick={() => (notice.value = undefined)}>{text.value.ui.dismiss}</LinkButton>
        </div>
      )}
      <div id="problem" role="alert" hidden={!problem.value}>
        {problem.value && <Content />}
      </div>
    </div>
  );
}

function Content(): JSX.Element | null {
  const t = text.value.request;
  if (!problem.value) return null;
  const { title, detail, errors = [], status, type, offline } = problem.value;
  return (
    <>
      <h2>{title}</h2>
      <p>{detail}</p>
      {retryIn.value !== undefined && (
        <p>
          {t.retryIn(retryIn.value)} <LinkButton onClick={compute}>{t.retryNow}</LinkButton>{' '}
          <LinkButton onClick={stopRetrying}>{t.stopRetrying}</LinkButton>
        </p>
      )}
      {offline && <p>{t.offlineRetry}</p>}
      {status === 413 && <p>{t.tooMuchTrace}</p>}
      {status === 401 && <KeyField />}
      {errors.length > 0 && (
        <ul>
          {errors.map((error) => (
            <li key={error.pointer + error.detail}>
              <LinkButton class="link pointer" onClick={() => goTo(error.pointer)}>
                {error.pointer || t.document}
              </LinkButton>{' '}
              {error.detail}
            </li>
          ))}
        </ul>
      )}
      {type?.startsWith('/problems/') && (
        <p>
          <a href={type.slice(1)}>{t.meaning}</a>
        </p>
      )}
    </>
  );
}

function KeyField(): JSX.Element {
  return (
    <label class="field" id="key-field">
      <span>{text.value.request.key}</span>
      <input
        type="password"
        id="key"
        autocomplete="off"
        value={apiKey.value}
        onChange={({ currentTarget }) => {
          apiKey.value = currentTarget.value.trim();
          compute();
        }}
      />
    </label>
  );
}
