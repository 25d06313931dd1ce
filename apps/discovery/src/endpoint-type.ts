import type { BackendProfile, ProbeResponse } from '@olla/backends/profile';
import { profileOf, profileOrDefault } from '@olla/backends/table';
import type { EndpointSettings } from '@olla/config/schema';
import { isServingState } from '@olla/core/endpoint-status';
import type { EndpointSnapshot } from '@olla/core/snapshot';
import { detectType, type DetectionResult } from './detect-type.ts';
import type { ProbeResult } from './probe.ts';

/** A look has twice the time of the one before, up to this: a server may be slow for long. */
const MAX_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 60_000;

/**
 * The type of one endpoint: from the configuration, or detected by the server's responses. A type that was detected
 * while some probes had no response is used until more is known, and detection is repeated.
 */
export class EndpointType {
  readonly isAuto: boolean;
  #profile: BackendProfile | null;
  /** Whether the profile was found with complete answers. Only such a finding replaces it then. */
  #isFirm: boolean;
  #isOpen: boolean;
  #looks = 0;
  #evidence = new Map<string, ProbeResponse>();

  /** @param known what an earlier leader published; it holds until this one has looked. Null for nothing */
  static of({ type }: Pick<EndpointSettings, 'type'>, known: EndpointSnapshot | null): EndpointType {
    if (type !== 'auto') return new EndpointType(profileOf(type), false);
    const isKnown = known !== null && isServingState(known.state);
    return new EndpointType(isKnown ? profileOrDefault(known.type) : null, true);
  }

  private constructor(profile: BackendProfile | null, isAuto: boolean) {
    this.isAuto = isAuto;
    this.#profile = profile;
    this.#isFirm = !isAuto;
    this.#isOpen = isAuto;
  }

  /** Null while nothing is known of it. */
  get profile(): BackendProfile | null {
    return this.#profile;
  }

  /** Whether another look may lead to another type. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Time for each probe of the next look, where the first look has `timeoutMs`. */
  nextTimeoutMs(timeoutMs: number): number {
    return Math.max(timeoutMs, Math.min(timeoutMs * 2 ** this.#looks, MAX_TIMEOUT_MS));
  }

  get nextPauseMs(): number {
    return Math.min(FIRST_PAUSE_MS * 2 ** this.#looks, MAX_PAUSE_MS);
  }

  /** The server was unreachable: another one may have replaced it. */
  reopen(): void {
    if (!this.isAuto) return;
    this.#isOpen = true;
    this.#looks = 0;
    // Another object: a look that is under way has evidence of the server that was there before.
    this.#evidence = new Map();
  }

  /** Probes the paths that have given no evidence so far. Never rejects if `probePath` does not. */
  async look(probePath: (path: string) => Promise<ProbeResult>): Promise<DetectionResult> {
    const evidence = this.#evidence;
    const found = await detectType(probePath, evidence);
    if (evidence !== this.#evidence) return found;
    this.#looks += 1;
    if (found.profile !== null && (found.isSure || !this.#isFirm)) {
      this.#profile = found.profile;
      this.#isFirm = found.isSure;
    }
    if (found.profile !== null && found.isSure) {
      this.#isOpen = false;
      this.#evidence = new Map();
    }
    return found;
  }
}
