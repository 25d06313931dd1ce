import type { WorkerStatistics } from '@olla/core/statistics';
import type { Question, Replies } from '../ports/ask.ts';
import type { StatisticsReading, StatisticsShare } from '../ports/statistics.ts';
import { isFor } from './is-for.ts';
import type { Member } from './member.ts';

/** This host's workers reply within it, or count as missing. */
const STATISTICS_DEADLINE_MS = 100;

/** Asks the members that a question is for. Never rejects: who does not reply in time is missing. */
export async function askMembers(
  members: readonly Member[],
  question: Question,
  deadlineMs: number,
): Promise<Replies> {
  const replies: { instance: string; reply: unknown }[] = [];
  const missing: string[] = [];
  await Promise.all(
    members
      .filter(({ instance }) => isFor(question, instance))
      .map(async (member) => {
        try {
          const reply = await member.query('ask.question', question, deadlineMs);
          if (reply !== null) replies.push({ instance: member.instance.id, reply });
        } catch {
          // Late, gone or failed: whoever asked learns that it is missing.
          missing.push(member.instance.id);
        }
      }),
  );
  return { replies, missing };
}

/** Asks members for their statistics; of those that do not reply in time it takes what they last reported. */
export async function readMemberStatistics(
  members: readonly Member[],
  deadlineMs: number,
): Promise<StatisticsReading> {
  const workers: StatisticsShare[] = [];
  const missing: string[] = [];
  const patienceMs = Math.min(deadlineMs, STATISTICS_DEADLINE_MS);
  await Promise.all(
    members.map(async (member) => {
      try {
        const own = await member.query('statistics.own', null, patienceMs);
        if (own === null) return;
        member.statistics = own;
        member.statisticsAtMs = performance.now();
        workers.push(shareOf(member, own, 0));
      } catch {
        // Late or failed: its last report counts. One that has gone is among the ended workers already.
        if (member.instance.role === 'worker') missing.push(member.instance.id);
        if (member.statistics === null || member.hasEnded) return;
        workers.push(shareOf(member, member.statistics, performance.now() - member.statisticsAtMs));
      }
    }),
  );
  return { workers, missing };
}

function shareOf({ instance }: Member, statistics: WorkerStatistics, ageMs: number): StatisticsShare {
  const { id, gateway, host } = instance;
  return { instance: id, gateway, host, alive: true, ageMs, statistics };
}
