// The views, one of which is beside the picture, in the order of their tabs.
import type { ComponentType } from 'preact';
import type { ViewName } from './state.ts';
import StepsView from './steps/steps-view.tsx';
import type { Dictionary } from './text/en.ts';
import { lazy } from './ui/lazy.tsx';

export interface View {
  readonly id: ViewName;
  readonly tab: (t: Dictionary) => string;
  readonly component: ComponentType;
}

export const views: readonly View[] = [
  { id: 'steps', tab: (t) => t.steps.tab, component: StepsView },
  { id: 'request', tab: (t) => t.request.tab, component: lazy(() => import('./request/request-view.tsx')) },
  { id: 'check', tab: (t) => t.check.tab, component: lazy(() => import('./check/check-view.tsx')) },
  { id: 'train', tab: (t) => t.train.tab, component: lazy(() => import('./train/train-view.tsx')) },
  { id: 'charts', tab: (t) => t.charts.tab, component: lazy(() => import('./charts/charts-view.tsx')) },
  { id: 'code', tab: (t) => t.code.tab, component: lazy(() => import('./code/code-view.tsx')) },
  { id: 'service', tab: (t) => t.service.tab, component: lazy(() => import('./service/service-view.tsx')) },
];
