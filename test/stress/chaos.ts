// npm run chaos: jobs by workers of which some are killed, frozen and cut off. `--samples N` sets the size of the dataset, by default
// 1,000,000; `--s3` keeps it in an S3 server. `--soak MINUTES` runs jobs while workers, the service, Redis and S3 are killed at random, as
// `--seed N` says. `--overhead` measures what the queue costs. It needs redis-server and, for cutting off, root and `ip netns`.
import { testLosses } from './chaos/losses.ts';
import { testOverhead } from './chaos/overhead.ts';
import { testSoak } from './chaos/soak.ts';
import { option, report } from './report.ts';

const withS3 = process.argv.includes('--s3');
const minutes = option('soak', 0);
if (minutes > 0) report(await testSoak(minutes, option('seed', 1)));
else if (process.argv.includes('--overhead')) report(await testOverhead(withS3));
else report(await testLosses(option('samples', 1_000_000), withS3));
process.exit();
