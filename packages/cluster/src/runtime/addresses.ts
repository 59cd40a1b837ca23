/** Addresses of pods, each given to one pod at a time, out of 10.244.0.0/16. */

const first = 2;
const last = 256 * 256 - 2;

export class AddressPool {
  readonly #owners = new Map<string, string>();
  readonly #addresses = new Map<string, string>();
  #next = first;

  /** Notes an address that a pod has already. */
  hold(uid: string, address: string): void {
    if (this.#owners.has(address)) return;
    this.#owners.set(address, uid);
    this.#addresses.set(uid, address);
  }

  /** The pod's address, the same one each time until it is released. */
  of(uid: string): string {
    const held = this.#addresses.get(uid);
    if (held !== undefined) return held;
    for (let tries = first; tries <= last; tries++) {
      const address = `10.244.${this.#next >> 8}.${this.#next & 255}`;
      this.#next = this.#next >= last ? first : this.#next + 1;
      if (this.#owners.has(address) || address.endsWith('.0') || address.endsWith('.255')) continue;
      this.hold(uid, address);
      return address;
    }
    throw new Error('all addresses of 10.244.0.0/16 are taken');
  }

  release(uid: string): void {
    const address = this.#addresses.get(uid);
    if (address === undefined) return;
    this.#addresses.delete(uid);
    if (this.#owners.get(address) === uid) this.#owners.delete(address);
  }
}
