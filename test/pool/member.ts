// A thread that helps a team until it is sent away, and ends.
import { workerData } from 'node:worker_threads';
import { loadEngine } from '../../src/linalg/engines.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import type { Join } from '../../src/pool/messages.ts';
import { help } from '../../src/pool/team.ts';

help(workerData as Join, loadEngine({ name: 'portable' }, new Scratch(true)));
