.PHONY: demo gallery test

demo:
	python3 dev.py demo

gallery:
	python3 dev.py gallery

test:
	python3 dev.py test
