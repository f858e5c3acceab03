import { type ConfigDefinition, listFields } from './definition.ts';

/** The secret texts inside a parsed configuration, passwords of URLs included: what the logger must never write. */
export function listSecrets<C>(definition: ConfigDefinition<C>, config: C): string[] {
  return listFields(definition).flatMap(({ key, field }) => {
    const value = config[key];
    const texts = (Array.isArray(value) ? value : [value]).filter((text) => typeof text === 'string');
    return texts.flatMap((text) => [...(field.secret ? [text] : []), ...urlPassword(text)]);
  });
}

function urlPassword(text: string): string[] {
  const password = URL.parse(text)?.password ?? '';
  if (password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    // A stray percent sign: then there is no decoded form that anything could print.
    return [password];
  }
}
