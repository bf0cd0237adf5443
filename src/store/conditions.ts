// If-Match and If-None-Match (RFC 9110, section 13.1).
import { Refusal } from '../refusal.ts';
import type { Conditions } from './catalog.ts';

/** An entity tag, weak or strong. */
const TAG = String.raw`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`;
const TAGS = new RegExp(String.raw`^[\t ,]*${TAG}(?:[\t ]*,[\t ,]*${TAG})*[\t ,]*$`);

/**
 * Checks conditions on a dataset with this ETag, without quotes; undefined if there is no dataset.
 * @throws Refusal `precondition-failed`; `invalid-request` if they are no lists of ETags.
 */
export function checkConditions({ ifMatch, ifNoneMatch }: Conditions, etag: string | undefined): void {
  const matching = tagsOf('If-Match', ifMatch);
  const others = tagsOf('If-None-Match', ifNoneMatch);
  if (etag === undefined) {
    if (matching)
      throw failed(`expected ${matching === '*' ? 'a dataset' : `the dataset ${ifMatch}`} (If-Match), but there is none`);
    return;
  }
  // Strong comparison: a weak ETag never matches.
  if (matching && matching !== '*' && !matching.includes(`"${etag}"`))
    throw failed(`expected the dataset ${ifMatch} (If-Match), but it is "${etag}"`);
  if (others === '*') throw failed('expected no dataset (If-None-Match: *), but there is one');
  if (others?.some((tag) => tag.replace('W/', '') === `"${etag}"`))
    throw failed(`expected another dataset than "${etag}" (If-None-Match), but it is that one`);
}

/** The ETags of a list, with their quotes, or `*`; undefined if the header is missing. */
function tagsOf(header: string, value: string | undefined): '*' | string[] | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (text === '*') return text;
  if (TAGS.test(text)) return text.match(new RegExp(TAG, 'g')) as string[];
  throw new Refusal('invalid-request', {
    detail: `${header}: expected * or ETags in double quotes, separated by commas, got ${value.slice(0, 80)}`,
  });
}

function failed(detail: string): Refusal {
  return new Refusal('precondition-failed', { detail });
}
