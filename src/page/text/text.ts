// The texts of the page in the language of the state. English is always there; others are loaded when they are first used.
import { computed, signal } from '@preact/signals';
import { type Language, language } from '../state.ts';
import { type Dictionary, en } from './en.ts';

const loaders: Record<Exclude<Language, 'en'>, () => Promise<Dictionary>> = {
  zh: async () => (await import('./zh.ts')).zh,
};

const dictionaries = signal<Partial<Record<Language, Dictionary>>>({ en });

/** The language that is shown: that of the state, as soon as it is loaded. */
export const shownLanguage = computed<Language>(() => (dictionaries.value[language.value] ? language.value : 'en'));

export const text = computed(() => dictionaries.value[shownLanguage.value] ?? en);

/** Loads the texts of a language unless they are there. Rejects if they cannot be loaded. */
export async function loadTexts(of: Language): Promise<void> {
  if (of === 'en' || dictionaries.peek()[of]) return;
  const dictionary = await loaders[of]();
  dictionaries.value = { ...dictionaries.peek(), [of]: dictionary };
}

/** As `lang` of HTML. */
export const languageTags: Record<Language, string> = { en: 'en', zh: 'zh-CN' };

/** Each in itself, for those who cannot read the others. */
export const languageNames: Record<Language, string> = { en: 'English', zh: '中文' };

/** A time as the language of the page writes it, where the visitor is. */
export function timeText(time: string): string {
  const format = new Intl.DateTimeFormat(languageTags[shownLanguage.value], { dateStyle: 'medium', timeStyle: 'short' });
  return format.format(new Date(time));
}
