/**
 * A queue of deliveries for one service: bounded, a few at a time, those about one object in their order. One lane for each service, so that
 * a service that hangs holds up no other.
 */

export type Delivery = {
  /** Deliveries with the same subject come one after the other. */
  readonly subject: string;
  run(): Promise<void>;
};

export type DeliveryLaneOptions = {
  /** Deliveries that wait, at most. */
  readonly waitingMax: number;
  /** Deliveries under way, at most. */
  readonly concurrency: number;
  /** Called when the last one is done. */
  readonly onIdle: () => void;
};

export class DeliveryLane {
  readonly #options: DeliveryLaneOptions;
  readonly #waiting: Delivery[] = [];
  readonly #subjects = new Set<string>();
  #underWay = 0;

  constructor(options: DeliveryLaneOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#underWay === 0 && this.#waiting.length === 0;
  }

  /** False when there is no room: the delivery is not taken. */
  put(delivery: Delivery): boolean {
    if (this.#waiting.length >= this.#options.waitingMax) return false;
    this.#waiting.push(delivery);
    this.#begin();
    return true;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting.length = 0;
  }

  #begin(): void {
    while (this.#underWay < this.#options.concurrency) {
      const at = this.#waiting.findIndex(({ subject }) => !this.#subjects.has(subject));
      const [delivery] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (delivery === undefined) return;
      this.#underWay++;
      this.#subjects.add(delivery.subject);
      void this.#carryOut(delivery);
    }
  }

  async #carryOut(delivery: Delivery): Promise<void> {
    // Never within the call that put it: that is somebody's pass.
    await Promise.resolve();
    try {
      await delivery.run();
    } finally {
      this.#underWay--;
      this.#subjects.delete(delivery.subject);
      this.#begin();
      if (this.isIdle) this.#options.onIdle();
    }
  }
}
