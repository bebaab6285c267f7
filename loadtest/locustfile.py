"""The users of `loadtest scenario`, for those who have Locust: the same mix of requests, the same pauses.

    npm start
    locust -f loadtest/locustfile.py --headless -u 3 -r 1 -t 60s --host http://127.0.0.1:8787 --csv run
    npm run loadtest -- check run_stats.csv

The accounts are demo1, demo2, ... as the demo makes them (three) or `origin-api seed --users N`; there must be one for each user. Each user
has an address of its own, in `CF-Connecting-IP`, which is believed only where Cloudflare is not in front. A 429 is the limiter at work and no
failure: the user waits for as long as it is told.
"""

import itertools
import os
import random

from locust import HttpUser, between, task

PASSWORD = os.environ.get("DEMO_PASSWORD", "correct horse battery staple")
WORDS = ["report", "budget", "invoice", "garden"]
NUMBERS = itertools.count(1)


class Person(HttpUser):
    """Logs in once, then lists tasks (5 of 9), looks at one (2), makes one (1) and searches (1)."""

    wait_time = between(0.5, 2)

    def on_start(self):
        self.number = next(NUMBERS)
        self.ids = []
        self.client.headers["CF-Connecting-IP"] = f"2001:db8:0:{self.number:x}::1"
        account = {"username": f"demo{self.number}", "password": PASSWORD}
        answer = self.ask("POST", "/api/v1/auth/login", json=account)
        if answer is None:
            raise RuntimeError(f"demo{self.number} cannot log in; one account is needed for each user, demo1 and on")
        self.client.headers["Authorization"] = f"Bearer {answer['access_token']}"

    @task(5)
    def list_tasks(self):
        tasks = self.ask("GET", "/api/v1/tasks?limit=20", name="/api/v1/tasks")
        if tasks is not None:
            self.ids = [each["id"] for each in tasks]

    @task(2)
    def look_at_one(self):
        if self.ids:
            self.ask("GET", f"/api/v1/tasks/{random.choice(self.ids)}", name="/api/v1/tasks/{id}")
        else:
            self.list_tasks()

    @task(1)
    def make_one(self):
        title = f"Task {random.randrange(1_000_000)}"
        self.ask("POST", "/api/v1/tasks", json={"title": title, "description": "Made under load."})

    @task(1)
    def search(self):
        self.ask("GET", f"/api/v1/tasks/search?q={random.choice(WORDS)}", name="/api/v1/tasks/search")

    def ask(self, method, path, **more):
        """The JSON of an answer, or nothing where there is none."""
        with self.client.request(method, path, catch_response=True, **more) as answer:
            if answer.status_code == 429:
                answer.success()
                self._sleep(float(answer.headers.get("Retry-After", "1")))
                return None
            if not answer.ok:
                answer.failure(f"{answer.status_code} {answer.text[:100]}")
                return None
            return answer.json()
