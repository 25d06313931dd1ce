import type { DirectoryPort, LiveInstance, Peers } from '../ports/directory.ts';
import type { HubLink } from './hub-link.ts';

export class MemberDirectory implements DirectoryPort {
  readonly #link: HubLink;
  #peers: Peers = { gateways: 1, workers: 1 };

  constructor(link: HubLink) {
    this.#link = link;
  }

  peers(): Peers {
    return this.#peers;
  }

  readInstances(): Promise<readonly LiveInstance[]> {
    return this.#link.request('directory.readInstances', null);
  }

  receivePeers(peers: Peers): void {
    this.#peers = peers;
  }
}
