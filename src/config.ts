// Reads the configuration from environment variables.
import { isIP } from 'node:net';
import { OptionalKind } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Config } from '../schemas/config.ts';
import { listOf } from './http/keys.ts';
import { inspectorOf } from './wire/check.ts';

const inspect = inspectorOf(Config);

/** Texts that are converted to numbers. Others stay strings, which the schema refuses if it requires a number. */
const DECIMAL = /^-?\d+(\.\d+)?$/;

/**
 * Reads the configuration from environment variables.
 * @throws Error with a one-line message that lists every invalid variable.
 */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.entries(Config.properties).flatMap(([name, schema]) => {
    const text = environment[name];
    // An empty value, as in .env.example, counts as missing if the variable is optional.
    const leftOut = text === undefined || (text === '' && OptionalKind in schema);
    return leftOut ? [] : [[name, schema.type === 'integer' && DECIMAL.test(text) ? Number(text) : text]];
  });
  const config = Value.Default(Config, Object.fromEntries(given));
  const wrong = inspect(config).errors.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`);
  for (const [name, { expected, isRight }] of Object.entries(TEXTS)) {
    const text = environment[name];
    if (text && !isRight(listOf(text))) wrong.push(`${name}: expected ${expected}, got ${JSON.stringify(text.slice(0, 100))}`);
  }
  if (wrong.length > 0) throw new Error(`wrong environment: ${wrong.join('; ')}`);
  return config as Config;
}

/** A text that lists all settings with their defaults, and what they mean. */
export function settingsText(): string {
  const lines = Object.entries(Config.properties).map(([name, { default: initial, description }]) => {
    const given = initial === undefined ? '' : ` (default ${initial})`;
    return `  ${name}${given}\n      ${description}\n`;
  });
  return `Usage: node src/server.ts\n\nSettings, as environment variables or lines NAME=value of a file .env:\n\n${lines.join('')}`;
}

/** Reads the file `.env`, if there is one, into the environment. @throws Error with a one-line message. */
export function readEnvFile(): void {
  try {
    process.loadEnvFile('.env');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new Error(`.env: expected a file with lines NAME=value, or none: ${message}`);
  }
}

/** What JSON Schema cannot say of texts: what the items of a list have to be. */
const TEXTS: Partial<Record<keyof Config, { readonly expected: string; readonly isRight: (items: string[]) => boolean }>> = {
  CORS_ORIGINS: {
    expected: 'origins such as https://example.com, or *',
    isRight: (items) => items.length > 0 && items.every(isOrigin),
  },
  STORE: {
    expected: 'a folder such as ./data, or s3://bucket/prefix',
    isRight: (items) => /^(?:s3:\/\/[^/]|(?![a-z][a-z\d+.-]*:))/i.test(items.join()),
  },
  TRUST_PROXY: {
    expected: 'addresses or networks such as 10.0.0.0/8, or a number of proxies up to 99',
    isRight: (items) => items.length > 0 && (/^\d{1,2}$/.test(items.join()) || items.every(isNetwork)),
  },
  REDIS_URL: {
    expected: 'a URL such as redis://localhost:6379, or rediss:// for TLS',
    isRight: (items) => /^rediss?:$/.test(URL.parse(items.join())?.protocol ?? ''),
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    expected: 'a URL such as http://collector:4318',
    isRight: (items) => isWebUrl(items.join()),
  },
};

function isWebUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

/** Whether a text is `*` or what a browser sends as Origin. */
function isOrigin(text: string): boolean {
  // The origin of a URL of another scheme, such as that of an extension, is "null".
  return text === '*' || /^(?!https?:)[a-z][a-z\d+.-]*:\/\/[^\s/?#@]+$/.test(text) || URL.parse(text)?.origin === text;
}

/** Whether a text is an address, a network in CIDR notation, or one of the names that Fastify knows. */
function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [, address, bits] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const version = isIP(address ?? '');
  return version > 0 && (bits === undefined || (Number(bits) >= 1 && Number(bits) <= (version === 4 ? 32 : 128)));
}
