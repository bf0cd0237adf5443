// Reads the configuration from environment variables.
import { OptionalKind } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Config } from '../schemas/config.ts';
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
  const { errors } = inspect(config);
  if (errors.length > 0)
    throw new Error(`wrong environment: ${errors.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`).join('; ')}`);
  return config as Config;
}
