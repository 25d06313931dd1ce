import type { BackendProfile } from './profile.ts';

/** Whether a path (without query) belongs to OpenAI's API: under `/v1/`, without Anthropic's messages. */
export function isOpenAiPath(path: string): boolean {
  return path.startsWith('/v1/') && path !== '/v1/messages' && !path.startsWith('/v1/messages/');
}

/**
 * The path that a type has for an OpenAI path; null if it has none. Paths that carry the type's own base already are
 * left as they are.
 */
export function toBackendPath(profile: BackendProfile, path: string): string | null {
  if (!isOpenAiPath(path)) return servesNatively(profile, path) ? path : null;
  return profile.openAiBase === null ? null : profile.openAiBase + path;
}

/** Whether the type has this path beyond OpenAI's. */
export function servesNatively(profile: BackendProfile, path: string): boolean {
  const { anthropic } = profile;
  if (anthropic !== null && (path === anthropic.messagesPath || path === anthropic.countTokensPath))
    return true;
  return profile.nativePaths.some((start) => path === start || path.startsWith(`${start}/`));
}
