// 页面的全部中文文字。
import type { Dictionary } from './en.ts';
import { charts } from './zh/charts.ts';
import { check } from './zh/check.ts';
import { code } from './zh/code.ts';
import { imports } from './zh/imports.ts';
import { network } from './zh/network.ts';
import { request } from './zh/request.ts';
import { service } from './zh/service.ts';
import { steps } from './zh/steps.ts';
import { train } from './zh/train.ts';
import { ui } from './zh/ui.ts';

export const zh: Dictionary = { ui, request, network, steps, charts, code, service, check, train, imports };
