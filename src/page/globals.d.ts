// The libraries that index.html loads before the page's own modules.

import type * as ObservablePlot from '@observablehq/plot';
import type * as D3 from 'd3';

declare global {
  const d3: typeof D3;
  const Plot: typeof ObservablePlot;
}
