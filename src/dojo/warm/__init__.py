"""The warm runner: a process that has torch and pytest loaded, and forks to judge a kata at once.

    client      asks; knows nothing of torch
    server      is warm, and forks a supervisor for each that asks
    supervisor  forks a worker, holds its deadline, gathers what it says, and answers the client
    worker      runs pytest on the learner's code, in a process that may die in any way

The verdict is made of messages from the worker, test by test, and of what the supervisor sees of
it; never of an exit code. This guards against accidents. Code that sets out to deceive the process
that it runs in can do so.
"""
