/** Cluster addresses and node ports of Services: unique among all Services, given back when one goes. What is taken is learned from the store at start. */

const firstPort = 30_000;
const portCount = 2_768;

export class ServiceAllocator {
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #addresses: Set<string> = new Set();
  readonly #ports: Set<number> = new Set();

  constructor(randomBytes: (count: number) => Uint8Array) {
    this.#randomBytes = randomBytes;
  }

  /** A free address of 10.96.0.0/16, above the first 256, which are left for those who ask for one by name. */
  allocateAddress(): string | undefined {
    const start = this.#random(65_000);
    for (let step = 0; step < 65_000; step++) {
      const offset = 257 + ((start + step) % 65_000);
      const address = `10.96.${offset >> 8}.${offset & 255}`;
      if (this.#addresses.has(address)) continue;
      this.#addresses.add(address);
      return address;
    }
    return undefined;
  }

  allocatePort(): number | undefined {
    const start = this.#random(portCount);
    for (let step = 0; step < portCount; step++) {
      const port = firstPort + ((start + step) % portCount);
      if (this.#ports.has(port)) continue;
      this.#ports.add(port);
      return port;
    }
    return undefined;
  }

  /** False when somebody has it already. */
  takeAddress(address: string): boolean {
    if (this.#addresses.has(address)) return false;
    this.#addresses.add(address);
    return true;
  }

  takePort(port: number): boolean {
    if (this.#ports.has(port)) return false;
    this.#ports.add(port);
    return true;
  }

  releaseAddress(address: string): void {
    this.#addresses.delete(address);
  }

  releasePort(port: number): void {
    this.#ports.delete(port);
  }

  #random(below: number): number {
    const bytes = this.#randomBytes(4);
    const value = ((bytes[0] ?? 0) << 24) | ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    return (value >>> 0) % below;
  }
}

/** Whether an address lies in the range that is handed out. */
export function isServiceAddress(address: string): boolean {
  const match = /^10\.96\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  return match !== null && Number(match[1]) < 256 && Number(match[2]) < 256;
}
