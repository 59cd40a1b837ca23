/** Which columns a kind is printed with. Begin here; the printers of the kinds are in the files beside this one. */
import type { DiscoveryOptions, ServedResource, Tables } from '../../ports.ts';
import { autoscalingPrinters } from './autoscaling.ts';
import { clusterPrinters, defaultPrinter } from './cluster-kinds.ts';
import { customPrinter } from './custom.ts';
import { networkingPrinters } from './networking.ts';
import { podPrinters } from './pods.ts';
import type { Printer, Printers } from './printer.ts';
import { storagePrinters } from './storage.ts';
import { workloadPrinters } from './workloads.ts';

const printers: Printers = {
  ...podPrinters,
  ...workloadPrinters,
  ...networkingPrinters,
  ...storagePrinters,
  ...autoscalingPrinters,
  ...clusterPrinters,
};

export function createTables(options: Pick<DiscoveryOptions, 'clock'>): Tables {
  const custom = new WeakMap<ServedResource, Printer>();

  const printerOf = (resource: ServedResource): Printer => {
    if (resource.custom === undefined) return printers[`${resource.group}/${resource.resource}`] ?? defaultPrinter;
    let printer = custom.get(resource);
    if (printer === undefined) {
      printer = customPrinter(resource.custom);
      custom.set(resource, printer);
    }
    return printer;
  };

  return {
    toTable(resource, objects) {
      const { columns, cells } = printerOf(resource);
      const now = options.clock.now();
      return { columns, rows: objects.map((object) => ({ cells: cells(object, now), object })) };
    },
  };
}
