// What a training looks like: the curve of its losses, the gradients as a histogram, and what the network decides between the samples.
import { bin, line, scaleLinear } from 'd3';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { send } from '../request/api.ts';
import { sizesOf } from '../request/edit.ts';
import { hasClasses } from '../request/targets.ts';
import { type Answered, answered } from '../state.ts';
import { text } from '../text/text.ts';
import { short } from '../ui/matrix.ts';
import { decisionOf, pointsOf, type Range, rangesOf, requestOfPlane, SIDE } from './plane.ts';

const WIDTH = 280;
const HEIGHT = 150;
const PAD = 8;

interface FrameProps {
  readonly title: string;
  readonly label: string;
  readonly children: JSX.Element | (JSX.Element | null)[];
  readonly id: string;
}

function Frame({ title, label, children, id }: FrameProps): JSX.Element {
  return (
    <figure class="plot" id={id}>
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {children}
      </svg>
    </figure>
  );
}

/** The losses of the steps; the scale of y is logarithmic where they differ by more than a factor of ten. */
export function LossCurve({ losses }: { losses: readonly number[] }): JSX.Element | null {
  const t = text.value.train;
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  if (losses.length < 2) return null;
  const isLog = least > 0 && most > 10 * least;
  const value = (loss: number) => (isLog ? Math.log(loss) : loss);
  const x = scaleLinear([0, losses.length - 1], [PAD, WIDTH - PAD]);
  const y = scaleLinear([value(least), value(most)], [HEIGHT - 18, PAD + 14]);
  const path = line<number>(
    (_, i) => x(i),
    (loss) => y(value(loss)),
  )(losses as number[]);
  return (
    <Frame
      id="loss-curve"
      title={isLog ? t.lossTitleLog : t.lossTitle}
      label={t.lossLabel(short(losses[0]), short(losses[losses.length - 1]))}
    >
      <path class="curve" d={path ?? ''} />
      <text x={PAD} y={12}>
        {short(most)}
      </text>
      <text x={WIDTH - PAD} y={HEIGHT - 4} text-anchor="end">
        {short(losses[losses.length - 1])}
      </text>
    </Frame>
  );
}

export function Histogram({ of }: { of: Answered }): JSX.Element {
  const t = text.value.train;
  const values = of.answer.gradients.flatMap(({ weights }) => weights.flat());
  const bins = bin().thresholds(20)(values);
  const [from, to] = [bins[0].x0 ?? 0, bins[bins.length - 1].x1 ?? 1];
  const x = scaleLinear([from, to === from ? from + 1 : to], [PAD, WIDTH - PAD]);
  const y = scaleLinear([0, Math.max(...bins.map(({ length }) => length))], [HEIGHT - 18, PAD]);
  return (
    <Frame id="gradient-histogram" title={t.histogramTitle} label={t.histogramLabel(short(from), short(to))}>
      <g>
        {bins.map(({ x0 = 0, x1 = 0, length }) => (
          <rect key={x0} x={x(x0)} width={Math.max(1, x(x1) - x(x0) - 1)} y={y(length)} height={HEIGHT - 18 - y(length)} />
        ))}
      </g>
      <text x={PAD} y={HEIGHT - 4}>
        {short(from)}
      </text>
      <text x={WIDTH - PAD} y={HEIGHT - 4} text-anchor="end">
        {short(to)}
      </text>
    </Frame>
  );
}

interface Decided {
  readonly ranges: readonly Range[];
  readonly points: number[][];
  readonly outputs: readonly (readonly number[])[];
}

/** The samples over the decisions of the network: on a plane for two inputs, as a curve for one. */
export function Plane({ request }: { request: GradientsRequest }): JSX.Element | null {
  const t = text.value.train;
  const [decided, setDecided] = useState<Decided>();
  const current = answered.value?.request;
  useEffect(() => {
    const ranges = current && rangesOf(current);
    if (!current || !ranges) return setDecided(undefined);
    const points = pointsOf(ranges);
    const call = send<GradientsAnswer>('gradients', requestOfPlane(current, points));
    call.outcome.then((outcome) => {
      if ('answer' in outcome) setDecided({ ranges, points, outputs: outcome.answer.outputs ?? [] });
    });
    return call.cancel;
  }, [current]);
  if (!decided || decided.ranges.length !== sizesOf(request).features) return null;
  const count = sizesOf(request).samples;
  const isPlane = decided.ranges.length === 2;
  return (
    <Frame id="decisions" title={isPlane ? t.planeTitle : t.curveTitle} label={t.planeLabel(count)}>
      {isPlane ? <Field of={decided} request={request} /> : <Curve of={decided} request={request} />}
    </Frame>
  );
}

interface PartProps {
  readonly of: Decided;
  readonly request: GradientsRequest;
}

/** The inputs and what they should give, whichever way the samples stand. */
function samplesOf({ batch }: GradientsRequest): { inputs: number[]; target: number }[] {
  const columns = batch.samples === 'columns';
  const rows = (matrix: number[][]) => (columns ? matrix[0].map((_, j) => matrix.map((row) => row[j])) : matrix);
  const targets = hasClasses(batch)
    ? ((batch.classes ?? batch.targets) as number[])
    : rows(batch.targets as number[][]).map(decisionOf);
  return rows(batch.inputs).map((inputs, i) => ({ inputs, target: targets[i] }));
}

/** Shades of one output from below a half to above it, or of classes. */
function Field({ of: { ranges, points, outputs }, request }: PartProps): JSX.Element {
  const [x, y] = [
    scaleLinear([ranges[0].from, ranges[0].to], [0, WIDTH]),
    scaleLinear([ranges[1].from, ranges[1].to], [HEIGHT, 0]),
  ];
  const [width, height] = [WIDTH / SIDE, HEIGHT / SIDE];
  const single = outputs[0]?.length === 1;
  const kind = (value: number) => (single ? (value > 0.5 ? 1 : 0) : value % 6);
  return (
    <g>
      {points.map(([px, py], i) => {
        const value = decisionOf(outputs[i]);
        const sure = single ? Math.min(1, Math.abs(value - 0.5) * 2) : 1;
        return (
          <rect
            key={i}
            class={`decision class-${kind(value)}`}
            opacity={0.1 + 0.35 * sure}
            x={x(px) - width / 2}
            y={y(py) - height / 2}
            width={width}
            height={height}
            shape-rendering="crispEdges"
          />
        );
      })}
      {samplesOf(request).map(({ inputs, target }, i) => (
        <circle key={i} class={`sample class-${kind(target)}`} cx={x(inputs[0])} cy={y(inputs[1])} r={3} />
      ))}
    </g>
  );
}

function Curve({ of: { ranges, points, outputs }, request }: PartProps): JSX.Element {
  const samples = samplesOf(request);
  const values = [...outputs.map(decisionOf), ...samples.map(({ target }) => target)];
  const x = scaleLinear([ranges[0].from, ranges[0].to], [PAD, WIDTH - PAD]);
  const y = scaleLinear([Math.min(...values), Math.max(...values)], [HEIGHT - PAD, PAD]);
  const path = line<number[]>(
    ([px]) => x(px),
    (_, i) => y(decisionOf(outputs[i])),
  )(points);
  return (
    <g>
      <path class="curve" d={path ?? ''} />
      {samples.map(({ inputs, target }, i) => (
        <circle key={i} class="sample class-0" cx={x(inputs[0])} cy={y(target)} r={3} />
      ))}
    </g>
  );
}
