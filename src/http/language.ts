// The languages of the pages for visitors.
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { Names } from '../../schemas/names.ts';
import { Refusal } from '../refusal.ts';

/** By the name in ?lang=: the language tag, and the name that its readers give it. */
export const languages = {
  en: { tag: 'en', own: 'English' },
  zh: { tag: 'zh-CN', own: '中文' },
} as const;

export type Language = keyof typeof languages;

const NAMES = Object.keys(languages) as Language[];

/** The parameter, for the OpenAPI document. */
export const languageQuery = Type.Object({
  lang: Type.Optional(
    Names(NAMES, { description: 'the language of the texts; left out: what Accept-Language prefers, otherwise English' }),
  ),
});

/**
 * The language of an answer: that of ?lang=, otherwise the one that Accept-Language prefers, otherwise English. Sets the headers that say so.
 * @throws Refusal `invalid-request`.
 */
export function negotiateLanguage(request: FastifyRequest, reply: FastifyReply): Language {
  const language = asked(request) ?? preferred(request);
  reply.header('content-language', languages[language].tag);
  return language;
}

/** A path in the same language: with ?lang= if the request has it. */
export function inSameLanguage(request: FastifyRequest, path: string): string {
  const language = asked(request);
  return language ? `${path}?lang=${language}` : path;
}

function asked({ query }: FastifyRequest): Language | undefined {
  const { lang } = query as { lang?: unknown };
  if (lang === undefined || NAMES.includes(lang as Language)) return lang as Language | undefined;
  throw new Refusal('invalid-request', { detail: `?lang: expected ${NAMES.join(' or ')}` });
}

function preferred({ headers }: FastifyRequest): Language {
  const negotiator = new Negotiator({ headers: { 'accept-language': headers['accept-language'] ?? '*' } });
  return (negotiator.language(NAMES) as Language | undefined) ?? 'en';
}
