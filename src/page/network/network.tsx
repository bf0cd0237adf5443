// The picture with its controls, its legend, and the numbers of what is chosen.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { type Answered, type Edges, edgeChoices, edges, goToStep, marks, sample, selection, update } from '../state.ts';
import { currentStep, steps, top } from '../steps/current.ts';
import { cellOf, inPicture, stepOfChoice } from '../steps/links.ts';
import { text } from '../text/text.ts';
import { NumberField } from '../ui/number-field.tsx';
import { LinkButton, show, useSize, wide } from '../ui/parts.tsx';
import { Picture as PixelPicture, sideOf } from '../ui/pictures.tsx';
import { DECADES } from '../ui/scale.ts';
import { Details } from './details.tsx';
import { Drawing } from './drawing.tsx';
import { savePng, saveSvg } from './export.ts';
import { type Choice, heightFor, isPartOf, type Room } from './layout.ts';

/** What is chosen in the picture: what was selected, or what the explained number is of. */
function chosen({ run }: Answered): Choice | undefined {
  const current = currentStep.value;
  const selected = selection.value;
  if (selected && isPartOf([run.features, ...run.units], selected)) return selected;
  if (!current) return undefined;
  return inPicture(run, { ...current.step.result.of, i: current.cell[0], j: current.cell[1] }).choice;
}

/** Chooses a unit or an edge, and goes to a step that computes its number. */
export function choose({ run }: Answered, choice: Choice): void {
  const current = currentStep.value;
  if (!current || !steps.value) return;
  const target = stepOfChoice(run, steps.value, current.step, choice, sample.value);
  goToStep(target.step, target.cell);
  update({ selection: choice, view: 'steps' });
}

export function Network({ of }: { of: Answered }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const size = useSize(host);
  const t = text.value.network;
  const { run } = of;
  const current = currentStep.value;
  const sizes = [run.features, ...run.units];
  const height = wide.value ? size.height : heightFor(sizes, size.width);
  const room: Room = { width: Math.max(260, size.width), height: Math.max(150, height) };
  const show_ = edges.value === 'step' ? (current?.step.phase === 'backward' ? 'gradients' : 'weights') : edges.value;
  const layer = current && !['X', 'L', 'T'].includes(current.step.kind) ? current.step.layer : undefined;
  const choice = chosen(of);
  return (
    <section id="picture" aria-labelledby="picture-title">
      <h2 id="picture-title" class="unseen">
        {t.title}
      </h2>
      <Controls of={of} />
      <div id="network" ref={host}>
        {size.width > 0 && (
          <Drawing
            run={run}
            room={room}
            show={show_}
            sample={Math.min(sample.value, run.samples - 1)}
            layer={layer}
            choice={choice}
            top={top.value}
            marks={marks.value}
            choose={(next) => choose(of, next)}
          />
        )}
      </div>
      <div class="legend">
        <Legend show={show_} top={top.value} />
        <span id="save-picture">
          {t.savePicture}
          {Object.entries({ SVG: saveSvg, PNG: savePng }).map(([format, saveAs]) => (
            <LinkButton
              key={format}
              aria-label={t.saveAs(format)}
              onClick={() => saveAs(host.current?.querySelector('svg') as SVGSVGElement, `network.${format.toLowerCase()}`)}
            >
              {format}
            </LinkButton>
          ))}
        </span>
      </div>
      {choice && <Details of={of} choice={choice} choose={(next) => choose(of, next)} />}
    </section>
  );
}

function Controls({ of: { run } }: { of: Answered }): JSX.Element {
  const t = text.value.network;
  const current = Math.min(sample.value, run.samples - 1);
  const side = sideOf(run.features);
  return (
    <div class="controls">
      <fieldset class="choice">
        <legend class="unseen">{t.edges}</legend>
        {edgeChoices.map((one: Edges) => (
          <label key={one}>
            <input type="radio" name="edges" value={one} checked={edges.value === one} onChange={() => update({ edges: one })} />
            <span>{t.edgeChoices[one]}</span>
          </label>
        ))}
      </fieldset>
      {side !== undefined && (
        <PixelPicture
          pixels={(i) => run.value('inputs', 0, current, i)}
          side={side}
          top={top.value}
          size={32}
          label={t.digitPicture(current + 1)}
        />
      )}
      <NumberField
        id="sample"
        label={t.sample}
        min={1}
        max={run.samples}
        value={current + 1}
        put={(value) => {
          const next = Math.max(0, Math.min(run.samples - 1, Math.round(value || 1) - 1));
          const shown = currentStep.value;
          update({ sample: next, ...(shown && { cell: cellOf(run, shown.step.kind, next, shown.cell) }) });
        }}
      >
        <span>{t.ofSamples(run.samples)}</span>
      </NumberField>
    </div>
  );
}

function Legend({ show: shown, top }: { show: 'weights' | 'gradients'; top: number }): JSX.Element {
  const t = text.value.network.legend;
  const shades = Array.from({ length: DECADES + 1 }, (_, i) => i / DECADES);
  return (
    <>
      <span>{t[shown]}</span>
      <span class="scale" title={t.scale}>
        {shades.map((shade, i) => (
          <span key={shade} class="shade">
            <i class="swatch below" style={{ '--t': Math.max(shade, 0.07) }} />
            <i class="swatch" style={{ '--t': Math.max(shade, 0.07) }} />
            {i === 0 ? '≤ ' : ''}
            {show(top * 10 ** (i - DECADES), 1)}
          </span>
        ))}
      </span>
      <span>
        <i class="key" /> {t.above} <i class="key below" /> {t.below}
      </span>
      {marks.value.size > 0 && (
        <span>
          <i class="key right" /> {t.right} <i class="key wrong" /> {t.wrong}
        </span>
      )}
    </>
  );
}
