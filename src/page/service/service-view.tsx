// The view of the service: its datasets and jobs, its routes and its errors, whose tables are in index.html for those without JavaScript.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { text } from '../text/text.ts';
import { Headings } from '../ui/parts.tsx';
import { Owned } from './owned-view.tsx';

export default function ServiceView(): JSX.Element {
  const t = text.value.service;
  return (
    <section id="service" aria-labelledby="tab-service">
      <p>{t.intro}</p>
      <Owned />
      <h2>{t.routes}</h2>
      <Table id="routes" head={t.routeHead} />
      <h2>{t.errors}</h2>
      <Table id="errors" head={t.errorHead} />
    </section>
  );
}

/** A table of index.html, with heads in the language of the page. */
function Table({ id, head }: { id: string; head: readonly string[] }): JSX.Element {
  const body = useRef<HTMLTableSectionElement>(null);
  useEffect(() => {
    const rows = document.querySelectorAll(`#${id} tr`);
    body.current?.replaceChildren(...[...rows].map((row) => row.cloneNode(true)));
  }, [id]);
  return (
    <table class="rows">
      <thead>
        <Headings names={head} />
      </thead>
      <tbody ref={body} />
    </table>
  );
}
