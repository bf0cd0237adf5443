// From environment variables to the configuration.
import { OptionalKind } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Config } from '../schemas/config.ts';
import { inspector } from './wire/check.ts';

const { inspect } = inspector(Config);

/** What is taken for a number; anything else stays a string, which the schema refuses where it wants a number. */
const DECIMAL = /^-?\d+(\.\d+)?$/;

/**
 * Reads the configuration from variables as an environment has them, which are strings.
 * @throws Error with every wrong variable in one line.
 */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.entries(Config.properties).flatMap(([name, schema]) => {
    const text = environment[name];
    // A line of .env.example without a value leaves out what may be left out.
    const leftOut = text === undefined || (text === '' && OptionalKind in schema);
    return leftOut ? [] : [[name, schema.type === 'integer' && DECIMAL.test(text) ? Number(text) : text]];
  });
  const config = Value.Default(Config, Object.fromEntries(given));
  const { errors } = inspect(config);
  if (errors.length > 0)
    throw new Error(`wrong environment: ${errors.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`).join('; ')}`);
  return config as Config;
}
