/** Which columns a kind is printed with. Begin here; the printers of the kinds are in the files beside this one. */
import type { DiscoveryOptions, Tables } from '../../ports.ts';
import { age } from './cells.ts';

export function createTables(options: Pick<DiscoveryOptions, 'clock'>): Tables {
  return {
    toTable(_resource, objects) {
      const now = options.clock.now();
      return {
        columns: [
          { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 },
          { name: 'Age', type: 'string', format: '', description: '', priority: 0 },
        ],
        rows: objects.map((object) => ({ cells: [object.metadata.name, age(object.metadata.creationTimestamp, now)], object })),
      };
    },
  };
}
