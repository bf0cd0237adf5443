// Counters and histograms, in the text format of Prometheus.
import t from 'tap';
import { Counter, Histogram } from '../../src/observability/instruments.ts';

t.test('a counter, with and without labels', async (t) => {
  const plain = new Counter('things_total', 'Things', []);
  plain.of().add(2);
  plain.of().add(0.5);
  t.equal(plain.text(), '# HELP things_total Things\n# TYPE things_total counter\nthings_total 2.5\n');
  const labelled = new Counter('parts_total', 'Parts', ['of', 'kind']);
  labelled.of('a', 'x').add(1);
  labelled.of('a', 'y').add(2);
  labelled.of('b', 'x').add(3);
  labelled.of('a', 'x').add(4);
  labelled.of('"\\\n', '').add(5);
  t.equal(
    labelled.text(),
    [
      '# HELP parts_total Parts',
      '# TYPE parts_total counter',
      'parts_total{of="a",kind="x"} 5',
      'parts_total{of="a",kind="y"} 2',
      'parts_total{of="b",kind="x"} 3',
      'parts_total{of="\\"\\\\\\n",kind=""} 5',
      '',
    ].join('\n'),
  );
});

t.test('a histogram: each bucket counts values up to its bound', async (t) => {
  const histogram = new Histogram('seconds', 'Seconds', ['of'], [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.of('a').observe(value);
  t.equal(
    histogram.text(),
    [
      '# HELP seconds Seconds',
      '# TYPE seconds histogram',
      'seconds_bucket{le="0.1",of="a"} 2',
      'seconds_bucket{le="1",of="a"} 3',
      'seconds_bucket{le="+Inf",of="a"} 4',
      'seconds_sum{of="a"} 7.65',
      'seconds_count{of="a"} 4',
      '',
    ].join('\n'),
  );
});
