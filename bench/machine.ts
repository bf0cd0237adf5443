// Describes the machine and the software of a measurement.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import koffi from 'koffi';
import { ensurePython } from './python.ts';

const PACKAGES = ['fastapi', 'pydantic', 'orjson', 'uvicorn', 'uvloop', 'httptools', 'starlette', 'safetensors'];

const VERSIONS = `
import importlib.metadata, json, platform, sys
import torch
found = {name: importlib.metadata.version(name) for name in sys.argv[1:]}
print(json.dumps({"Python": platform.python_version(), "PyTorch": torch.__version__, **found}))
`;

/** The properties of the machine and the software, in display order. */
export function describeMachine(): [name: string, value: string][] {
  const python = execFileSync(ensurePython(), ['-c', VERSIONS, ...PACKAGES], { encoding: 'utf8' });
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  const config: string = koffi.load('libopenblas.so.0').func('const char *openblas_get_config()')();
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['CPU', cpus()[0]?.model.trim() ?? 'unknown'],
    ['cores', `${availableParallelism()}`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['system', `${system}, Linux ${release()}`],
    ['Node', process.versions.node],
    ['OpenBLAS', config.replace(/^OpenBLAS /, '')],
    ...(Object.entries(JSON.parse(python)) as [string, string][]),
  ];
}
