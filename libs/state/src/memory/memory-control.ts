import { applyControl, NO_CONTROL } from '../apply-control.ts';
import type { Control, ControlChange } from '../ports/control.ts';
import type { ControlStore, StoreSink } from '../store.ts';

export class MemoryControl implements ControlStore {
  readonly #sink: Pick<StoreSink, 'control'>;
  #control = NO_CONTROL;

  constructor(sink: Pick<StoreSink, 'control'>) {
    this.#sink = sink;
  }

  read(): Control {
    return this.#control;
  }

  change(change: ControlChange): Control {
    this.#control = applyControl(this.#control, change, Date.now());
    this.#sink.control(this.#control);
    return this.#control;
  }
}
