"""A class that a schema of the tests names as its x-parent."""


class Greeter:
    greeting = "Hello"

    def greet(self):
        return f"{self.greeting} {self.name}"
