import type { ElectionPort, Lead } from '../ports/election.ts';
import type { HubLink } from './hub-link.ts';

export class MemberElection implements ElectionPort {
  readonly #link: HubLink;

  constructor(link: HubLink) {
    this.#link = link;
  }

  campaign(ttlMs: number, newestToken: number): Promise<Lead> {
    return this.#link.request('election.campaign', { ttlMs, newestToken });
  }

  async resign(): Promise<void> {
    await this.#link.request('election.resign', null);
  }
}
