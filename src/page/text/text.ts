// The texts of the page in the language of the state.
import { computed } from '@preact/signals';
import { type Language, language } from '../state.ts';
import { type Dictionary, en } from './en.ts';

const dictionaries: Record<Language, Dictionary> = { en };

export const text = computed(() => dictionaries[language.value]);
