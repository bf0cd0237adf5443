// Where arrow keys go in the picture.
import { type Choice, choiceOf, type Layout, type Place } from './layout.ts';

interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
}

/** Where an arrow key goes from a unit or an edge; with Shift along the edges of a unit. Undefined where there is nothing. */
export function neighbour({ key, shiftKey }: Key, choice: Choice, { spots, edges }: Layout): Choice | undefined {
  const down = { ArrowDown: 1, ArrowUp: -1 }[key];
  const right = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (shiftKey && down) {
    const incoming = edges.filter(({ to }) => to.column === choice.column && to.unit === choice.unit);
    const i = incoming.findIndex(({ from }) => from.unit === choice.input);
    const edge = incoming[i < 0 && down < 0 ? incoming.length - 1 : i + down];
    return edge ? choiceOf(edge) : plain(choice);
  }
  const spot = spots.findIndex(({ column, unit }) => column === choice.column && unit === choice.unit);
  if (down) {
    const next = spots[spot + down];
    return next?.column === choice.column ? plain(next) : undefined;
  }
  if (!right) return undefined;
  const [first, ...others] = spots.filter(({ column }) => column === choice.column + right);
  const distance = (y: number) => Math.abs(y - spots[spot].y);
  const closest = others.reduce((best, other) => (distance(other.y) < distance(best.y) ? other : best), first);
  return closest && plain(closest);
}

function plain({ column, unit }: Place): Choice {
  return { column, unit };
}
