/** YAML as people write it in the ConfigMap: no dates, no types of its own. */
import { CORE_SCHEMA, load } from 'js-yaml';

/** @throws YAMLException */
export function parseNotificationYaml(text: string): unknown {
  return load(text, { schema: CORE_SCHEMA });
}
