/* SPDX-License-Identifier: ISC */
#include "mailbox.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
	int fd;			/* an eventfd */
	pthread_mutex_t lock;
	pthread_cond_t taken;
	struct mails updates;
	size_t update_count;
	bool closed;
	struct arrivals arrivals;
};

struct mailbox *
mailbox_new(void)
{
	struct mailbox *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->fd < 0) {
		free(m);
		return NULL;
	}
	STAILQ_INIT(&m->updates);
	STAILQ_INIT(&m->arrivals);
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->taken, NULL);
	return m;
}

void
mailbox_free(struct mailbox *m)
{
	struct mail *mail;

	if (!m)
		return;
	while ((mail = STAILQ_FIRST(&m->updates))) {
		STAILQ_REMOVE_HEAD(&m->updates, link);
		rtr_update_free(mail->update);
		free(mail);
	}
	close(m->fd);
	pthread_cond_destroy(&m->taken);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

int
mailbox_fd(const struct mailbox *m)
{
	return m->fd;
}

static void
wake(struct mailbox *m)
{
	uint64_t one = 1;

	(void)!write(m->fd, &one, sizeof(one));
}

void
mailbox_post_update(struct mailbox *m, struct rtr_update *update)
{
	struct mail *mail;

	while (!(mail = malloc(sizeof(*mail))))
		sleep(1);
	*mail = (struct mail){.update = update};
	pthread_mutex_lock(&m->lock);
	while (m->update_count >= MAILBOX_UPDATES_MAX && !m->closed)
		pthread_cond_wait(&m->taken, &m->lock);
	STAILQ_INSERT_TAIL(&m->updates, mail, link);
	m->update_count++;
	pthread_mutex_unlock(&m->lock);
	wake(m);
}

void
mailbox_post_arrival(struct mailbox *m, struct arrival *a)
{
	pthread_mutex_lock(&m->lock);
	STAILQ_INSERT_TAIL(&m->arrivals, a, link);
	pthread_mutex_unlock(&m->lock);
	wake(m);
}

void
mailbox_close(struct mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	m->closed = true;
	pthread_cond_broadcast(&m->taken);
	pthread_mutex_unlock(&m->lock);
}

void
mailbox_take(struct mailbox *m, struct mails *updates, struct arrivals *arrivals)
{
	uint64_t count;

	(void)!read(m->fd, &count, sizeof(count));
	STAILQ_INIT(updates);
	STAILQ_INIT(arrivals);
	pthread_mutex_lock(&m->lock);
	STAILQ_CONCAT(updates, &m->updates);
	STAILQ_CONCAT(arrivals, &m->arrivals);
	m->update_count = 0;
	pthread_cond_broadcast(&m->taken);
	pthread_mutex_unlock(&m->lock);
}

size_t
mailbox_updates(struct mailbox *m)
{
	size_t n;

	pthread_mutex_lock(&m->lock);
	n = m->update_count;
	pthread_mutex_unlock(&m->lock);
	return n;
}
