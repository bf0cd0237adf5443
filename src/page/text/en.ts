// Every text of the page in English. Other languages have the same keys; the compiler checks that.
import { charts } from './en/charts.ts';
import { check } from './en/check.ts';
import { code } from './en/code.ts';
import { imports } from './en/imports.ts';
import { network } from './en/network.ts';
import { request } from './en/request.ts';
import { service } from './en/service.ts';
import { steps } from './en/steps.ts';
import { train } from './en/train.ts';
import { ui } from './en/ui.ts';

export const en = { ui, request, network, steps, charts, code, service, check, train, imports };

/** What every language says. */
export type Dictionary = Texts<typeof en>;

/** The same keys and parameters, with any text in place of the English one. */
type Texts<Of> = Of extends string
  ? string
  : Of extends (...parameters: infer Parameters) => infer Said
    ? (...parameters: Parameters) => Texts<Said>
    : { readonly [Key in keyof Of]: Texts<Of[Key]> };
