import type { BackendProfile } from './profile.ts';

/** Whether a path (without query) is one of OpenAI's API: below `/v1/`, but not Anthropic's messages. */
export function isOpenAiPath(path: string): boolean {
  return path.startsWith('/v1/') && path !== '/v1/messages' && !path.startsWith('/v1/messages/');
}

/**
 * The path on a server of this type for a client's path: an OpenAI path behind the type's own base, a native path
 * unchanged; null if the type has no such path.
 */
export function toBackendPath(profile: BackendProfile, path: string): string | null {
  if (!isOpenAiPath(path)) return servesNatively(profile, path) ? path : null;
  return profile.openAiBase === null ? null : profile.openAiBase + path;
}

/** Whether the type has this path in addition to OpenAI's. */
export function servesNatively(profile: BackendProfile, path: string): boolean {
  const { anthropic } = profile;
  if (anthropic !== null && (path === anthropic.messagesPath || path === anthropic.countTokensPath))
    return true;
  return profile.nativePaths.some((start) => path === start || path.startsWith(`${start}/`));
}
